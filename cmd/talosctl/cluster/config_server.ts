import { isRunning, startedAt } from "./process.ts";

/** How often the server looks whether its node still lives. */
const WATCH_MS = 2_000;
/** How long answers under way may take when the node has ended. */
const CLOSE_MS = 1_000;
/** How long the node may take to be started after its server. */
const START_MS = 60_000;
const START_POLL_MS = 200;

/** What a cluster is served with. */
export interface ServeOptions {
  /** Files, configurations among them, by the path that only their node knows. */
  readonly files: Readonly<Record<string, string>>;
  /** Names the process that this one outlives by a moment. */
  readonly pidFile: string;
  readonly ready: (port: number) => void;
  readonly signal: AbortSignal;
}

/** Serves files on a loopback port until the process in `pidFile` ends. Calls `ready` with the port. */
export async function serveConfig(
  { files, pidFile, ready, signal }: ServeOptions,
): Promise<void> {
  const stop = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: AbortSignal.any([signal, stop.signal]),
    onListen: ({ port }) => ready(port),
    onError: () => new Response("Cannot read the file", { status: 500 }),
  }, (request) => fileResponse(request, files));
  await nodeEnds(pidFile, signal);
  stop.abort();
  await Promise.race([server.finished, new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]);
}

async function fileResponse(
  request: Request,
  files: ServeOptions["files"],
): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Only GET is answered", { status: 405 });
  }
  const { pathname } = new URL(request.url);
  const file = Object.hasOwn(files, pathname) ? files[pathname] : undefined;
  if (file === undefined) return new Response("Not found", { status: 404 });
  const opened = await Deno.open(file);
  const { size } = await opened.stat();
  const isHead = request.method === "HEAD";
  if (isHead) opened.close();
  return new Response(isHead ? null : opened.readable, {
    headers: {
      "content-type": file.endsWith(".yaml") ? "application/yaml" : "application/octet-stream",
      "content-length": String(size),
      "cache-control": "no-store",
      // A connection kept for later would keep the server alive after its node.
      "connection": "close",
    },
  });
}

/** Resolves when the process in `pidFile` ends, or when none has come in time. */
async function nodeEnds(pidFile: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + START_MS;
  let pid: number | undefined;
  while (!signal.aborted && pid === undefined && Date.now() < deadline) {
    await pause(START_POLL_MS);
    pid = await readPid(pidFile);
  }
  if (pid === undefined) return;
  const started = await startedAt(pid);
  while (!signal.aborted && started !== undefined && await isRunning({ pid, started })) {
    await pause(WATCH_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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
