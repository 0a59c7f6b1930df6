import { createCa, issueClientLeaf, issueServerLeaf } from "./mod.ts";
import type { PemPair } from "./mod.ts";
import { hoursMs, sans } from "./mod.ts";

/** What one command printed, and whether it went well. */
export interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command with `stdin`; gives nothing when it is not installed. */
export async function run(
  command: string,
  args: string[],
  options: { stdin?: string; cwd?: string; env?: Record<string, string> } = {},
): Promise<Ran | undefined> {
  let child: Deno.ChildProcess;
  try {
    const { cwd, env = {} } = options;
    const io = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    child = new Deno.Command(command, { args, ...io, env, ...(cwd ? { cwd } : {}) }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { ok: success, stdout: text(stdout), stderr: text(stderr) };
}

/** Whether `command` can be started here. */
export function installed(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** A folder that goes away with its holder. */
export class Folder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir());
  }

  async put(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(`${this.path}/${name}`, text);
    return `${this.path}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** A CA as the node has it, a server leaf for loopback and an admin's client leaf. */
export async function world(
  now = new Date(),
): Promise<{ ca: PemPair; server: PemPair; client: PemPair }> {
  const ca = await createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now });
  const names = sans(["127.0.0.1", "::1", "node-a"]);
  const lifetimeMs = hoursMs(24);
  return {
    ca,
    server: await issueServerLeaf({
      ca,
      subject: { commonName: "node-a" },
      sans: names,
      now,
      lifetimeMs,
    }),
    client: await issueClientLeaf({
      ca,
      subject: { organization: ["os:admin"] },
      sans: sans(["127.0.0.1"]),
      now,
      lifetimeMs,
    }),
  };
}
