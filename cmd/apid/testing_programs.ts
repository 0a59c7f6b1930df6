/**
 * The real programs for tests: apid and routerd as the node binary starts them, with its flags, and a
 * machine service in a process of its own behind them.
 *
 * @module
 */
import { V8_FLAGS } from "$lib/role/mod.ts";
import type { Identity } from "$lib/rpc/mod.ts";
import { until } from "$lib/rpc/testing.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What a program finds in its environment beside what is there already. */
type Environment = Record<string, string>;

/** A program of ours that runs. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Promise<void>;
  log = "";

  constructor(args: string[], env: Environment = {}) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args,
      cwd: ROOT,
      env,
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#output = this.#read();
  }

  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async line(value: unknown): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  }

  async kill(signal: Deno.Signal): Promise<void> {
    this.#child.kill(signal);
    await this.#child.status;
  }

  /** Ends stdin, which is how a role is told to stop; gives its exit code. */
  async stop(): Promise<number> {
    await this.#stdin.close();
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    await this.#stdin.abort().catch(() => {});
    await this.#output;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) this.log += decoder.decode(chunk);
  }
}

/** A machine service that says in `version` which process answers. */
const MACHINE = `
import { serveUnix } from "$lib/rpc/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
await serveUnix(Deno.args[0], (router) => router.service(MachineService, {
  version: () => ({ messages: [{ version: { tag: String(Deno.pid) } }] }),
  async *events(_, { signal }) {
    for (let at = 0; !signal.aborted; at++) {
      yield { id: String(at) };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
}));
console.error("ready");
`;

async function started(
  { args, env = {} }: { args: string[]; env?: Environment | undefined },
  ready: RegExp,
  first?: unknown,
): Promise<Program> {
  const program = new Program(args, env);
  if (first !== undefined) await program.line(first);
  await until(`ready: ${args.join(" ")}\n${program.log}`, () => ready.test(program.log), 30_000);
  return program;
}

function role(name: string, args: string[]): string[] {
  const flags = ["--quiet", "--no-prompt", `--v8-flags=${V8_FLAGS.join(",")}`];
  return ["run", "-A", ...flags, "cmd/node/main.ts", name, ...args];
}

/** A machine service of its own, at `machined.sock` in `folder`. */
export async function machineAt(folder: string, env?: Environment): Promise<Program> {
  await Deno.writeTextFile(`${folder}/machine.ts`, MACHINE);
  const config = ["--config", `${ROOT}deno.json`];
  const script = [`${folder}/machine.ts`, `${folder}/machined.sock`];
  return await started({ args: ["run", "-A", "--quiet", ...config, ...script], env }, /ready/);
}

/** routerd at `routerd.sock` in `folder`, before the sockets of the components beside it. */
export function routerAt(folder: string, env?: Environment): Promise<Program> {
  const sockets = ["machined", "networkd", "timed"].flatMap((name) => [
    `--${name}`,
    `${folder}/${name}.sock`,
  ]);
  const args = role("routerd", ["--socket", `${folder}/routerd.sock`, ...sockets]);
  return started({ args, env }, /listening/);
}

/** apid on a free port of loopback, before the routerd in `folder`. */
export function apidAt(folder: string, identity: Identity, env?: Environment): Promise<Program> {
  const args = ["--host", "127.0.0.1", "--port", "0", "--socket", `${folder}/apid.sock`];
  args.push("--router-socket", `${folder}/routerd.sock`);
  return started({ args: role("apid", args), env }, /listening on/, { identity });
}

/** Where that apid listens. */
export function portOf(apid: Program): number {
  return Number(/listening on 127\.0\.0\.1:(\d+)/.exec(apid.log)?.[1]);
}
