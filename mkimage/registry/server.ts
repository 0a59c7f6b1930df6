import { join } from "node:path";
import { RegistryClient } from "./client.ts";
import { registryIdentity } from "./identity.ts";

/** A registry that runs on this host. */
export interface LocalRegistry {
  /** `https://127.0.0.1:<port>` */
  readonly endpoint: string;
  readonly port: number;
  /** The CA of its certificate, PEM. */
  readonly ca: string;
}

const PROGRAM = "docker-registry";
const START_MS = 60_000;
const POLL_MS = 100;

/** Gives the registry whose files lie below `directory`; starts it when it does not run. */
export async function localRegistry(directory: string): Promise<LocalRegistry> {
  await Deno.mkdir(join(directory, "data"), { recursive: true, mode: 0o700 });
  const tls = await registryIdentity(directory, new Date());
  const ca = await Deno.readTextFile(tls.ca);
  const port = await portOf(directory);
  const registry = { endpoint: `https://127.0.0.1:${port}`, port, ca };
  if (await isRunning(directory) && await answers(registry)) return registry;

  const config = join(directory, "config.json");
  // Every JSON text is YAML, which the registry reads.
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: "warn" },
      storage: { filesystem: { rootdirectory: join(directory, "data") } },
      http: { addr: `127.0.0.1:${port}`, tls: { certificate: tls.crt, key: tls.key } },
    }),
  );
  const pid = await startDetached([PROGRAM, "serve", config], join(directory, "registry.log"));
  await Deno.writeTextFile(join(directory, "registry.pid"), `${pid}\n`);
  const deadline = Date.now() + START_MS;
  while (!await answers(registry)) {
    if (Date.now() > deadline || !await lives(pid)) throw await failure(directory);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return registry;
}

/** Ends the registry whose files lie below `directory`; its images stay. */
export async function stopRegistry(directory: string): Promise<boolean> {
  const pid = await runningPid(directory);
  if (pid === undefined) return false;
  Deno.kill(pid, "SIGTERM");
  return true;
}

/** The port of a registry stays what it was: running nodes know it. */
async function portOf(directory: string): Promise<number> {
  const file = join(directory, "port");
  const known = Number(await Deno.readTextFile(file).catch(() => ""));
  if (known > 0) return known;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await Deno.writeTextFile(file, `${listener.addr.port}\n`);
  return listener.addr.port;
}

async function answers({ endpoint, ca }: LocalRegistry): Promise<boolean> {
  using client = new RegistryClient(endpoint, ca);
  return await client.answers();
}

async function isRunning(directory: string): Promise<boolean> {
  return await runningPid(directory) !== undefined;
}

/** The registry's process; a number that another process has by now does not count. */
async function runningPid(directory: string): Promise<number | undefined> {
  const text = await Deno.readTextFile(join(directory, "registry.pid")).catch(() => "");
  const pid = Number(text);
  if (!(pid > 0)) return undefined;
  const commandLine = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
  return commandLine.includes(join(directory, "config.json")) ? pid : undefined;
}

/** Whether a process has not ended. Its command line would not tell: that is empty while it becomes another. */
async function lives(pid: number): Promise<boolean> {
  const status = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => undefined);
  return status !== undefined && !/\) [ZX] /.test(status);
}

/** Starts a program that outlives this one, with its output in a file; gives its process id. */
async function startDetached(command: readonly string[], log: string): Promise<number> {
  const script = 'log=$1; shift; setsid "$@" >"$log" 2>&1 </dev/null & echo $!';
  const { stdout, success } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", log, ...command],
    stdin: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`Cannot start ${command[0]}: sh ended with an error`);
  return Number(new TextDecoder().decode(stdout));
}

async function failure(directory: string): Promise<Error> {
  const log = await Deno.readTextFile(join(directory, "registry.log")).catch(() => "");
  const last = log.trim().split("\n").at(-1) || "it gave no reason";
  return new Error(`Cannot start ${PROGRAM}: ${last}`);
}
