import { join } from "node:path";
import { isRunning, startedAt } from "./process.ts";
import { NODE_FILES } from "./qemu.ts";

/** How often the server looks whether its node still lives. */
const WATCH_MS = 2_000;
/** How long the node may take to be started after its server. */
const START_MS = 60_000;

/**
 * Serves a node's configuration on a loopback port under a path that only the node knows, until
 * the node's process ends. Calls `ready` with the port.
 */
export async function serveConfig(
  { directory, path, ready, signal }: {
    readonly directory: string;
    readonly path: string;
    readonly ready: (port: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const stop = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: AbortSignal.any([signal, stop.signal]),
    onListen: ({ port }) => ready(port),
    onError: () => new Response("Cannot read the configuration", { status: 500 }),
  }, (request) => configResponse(request, path, join(directory, NODE_FILES.config)));
  await nodeEnds(join(directory, NODE_FILES.pid), signal);
  stop.abort();
  await server.finished;
}

async function configResponse(request: Request, path: string, file: string): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Only GET is answered", { status: 405 });
  }
  if (new URL(request.url).pathname !== path) return new Response("Not found", { status: 404 });
  return new Response(await Deno.readTextFile(file), {
    headers: { "content-type": "application/yaml", "cache-control": "no-store" },
  });
}

/** Resolves when the process in `pidFile` ends, or when none has come in time. */
async function nodeEnds(pidFile: string, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  let node: { pid: number; started: string } | undefined;
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, node ? WATCH_MS : 200));
    if (node) {
      if (!await isRunning(node)) return;
      continue;
    }
    node = await readNode(pidFile);
    if (!node && Date.now() - started > START_MS) return;
  }
}

async function readNode(pidFile: string): Promise<{ pid: number; started: string } | undefined> {
  const pid = await readPid(pidFile);
  const started = pid === undefined ? undefined : await startedAt(pid);
  return pid === undefined || started === undefined ? undefined : { pid, started };
}

/** The process id in a file, or undefined when there is none yet. */
export async function readPid(path: string): Promise<number | undefined> {
  try {
    const pid = Number((await Deno.readTextFile(path)).trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
