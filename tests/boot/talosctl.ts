/**
 * talosctl as a user runs it: a process of its own, with a home and a talosconfig.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addContext, contextOf, Talosconfig } from "$lib/talosconfig/mod.ts";
import type { Node } from "./node.ts";

const MAIN = fileURLToPath(new URL("../../cmd/talosctl/main.ts", import.meta.url));

/** A node, and who may do what there. */
type Administered = Pick<Node, "address" | "ca" | "admin">;

/** What a run did. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that goes on: what it printed so far, and its end. */
export interface Following extends AsyncDisposable {
  readonly text: string;
}

/** A user of talosctl. */
export class Talosctl implements AsyncDisposable {
  private constructor(readonly home: string) {}

  /** A user whose talosconfig says this. */
  static async make(talosconfig: string): Promise<Talosctl> {
    const home = await Deno.makeTempDir({ prefix: "boot-test-user-" });
    await Deno.writeTextFile(join(home, "talosconfig"), talosconfig, { mode: 0o600 });
    return new Talosctl(home);
  }

  /** A user who may do everything on that node, and on no other. */
  static async administrator({ address, ca, admin }: Administered): Promise<Talosctl> {
    const nodes = [address];
    const context = contextOf({ ca: ca.crt, ...admin }, { endpoints: nodes, nodes });
    return await Talosctl.make(addContext(Talosconfig.empty(), "test", context).toString());
  }

  /** A file of the user's; gives its path. */
  async file(name: string, text: string, mode = 0o600): Promise<string> {
    const path = join(this.home, name);
    await Deno.writeTextFile(path, text, { mode });
    return path;
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    const { code, stdout, stderr } = await this.#command(args, env).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Runs a command that has to succeed; gives what it printed. */
  async print(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, env);
    if (code !== 0) throw new Error(`talosctl ${args.join(" ")} gave ${code}: ${stderr}`);
    return stdout;
  }

  /** Starts a command that does not end by itself. */
  follow(args: readonly string[]): Following {
    const child = this.#command(args, {}).spawn();
    const seen = { text: "" };
    const read = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) seen.text += text;
    })();
    return {
      get text() {
        return seen.text;
      },
      async [Symbol.asyncDispose]() {
        child.kill("SIGTERM");
        await child.status;
        await child.stderr.cancel();
        await read;
      },
    };
  }

  #command(args: readonly string[], env: Record<string, string>): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", MAIN, ...args],
      cwd: this.home,
      env: { HOME: this.home, TALOSCONFIG: join(this.home, "talosconfig"), ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}
