/**
 * The dashboard in a terminal: tmux is one that tells what it shows.
 *
 * @module
 */
import assert from "node:assert/strict";
import { TestNode, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { testRoutes } from "../../cmd/talosctl/testing/machine.ts";
import { Home, MAIN } from "./spec.ts";

/** How long a slow machine may take to show something. */
const PATIENCE_MS = 60_000;

async function run(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function hasTmux(): Promise<boolean> {
  try {
    await run("tmux", ["-V"]);
    return true;
  } catch {
    return false;
  }
}

/** A terminal of 80 × 24 letters in which one command runs. */
class Terminal implements AsyncDisposable {
  private constructor(readonly socket: string) {}

  static async open(folder: string, command: string): Promise<Terminal> {
    const terminal = new Terminal(`${folder}/tmux.sock`);
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command);
    await terminal.#tmux("set-option", "-g", "remain-on-exit", "on");
    return terminal;
  }

  async press(...keys: string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys);
  }

  /** The screen as soon as it has `pattern`. */
  async shows(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    let screen = "";
    while (Date.now() < deadline) {
      screen = await this.#tmux("capture-pane", "-p");
      if (pattern.test(screen)) return screen;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail(`the terminal never showed ${pattern} but:\n${screen}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
  }

  #tmux(...args: string[]): Promise<string> {
    return run("tmux", ["-S", this.socket, ...args]);
  }
}

Deno.test({
  name: "talosctl dashboard shows nodes, switches between them and gives the terminal back",
  ignore: !await hasTmux(),
  async fn() {
    const pki = await testPki();
    await using node = await TestNode.start(pki, testRoutes);
    await using home = await Home.make();
    const target = { endpoints: [node.endpoint], nodes: ["10.0.0.1", "10.0.0.9"] };
    await Deno.writeTextFile(home.at("c"), testTalosconfig(pki, target));
    const command = `${Deno.execPath()} run -A --quiet ${MAIN} --talosconfig ${home.at("c")} ` +
      "dashboard -d 200ms; echo ended with $?; sleep 600";
    await using terminal = await Terminal.open(home.path, command);
    const first = await terminal.shows(/deno run machined/);
    assert.match(first, /^ {2}10\.0\.0\.1 {3}10\.0\.0\.9\n/);
    assert.match(first, /MEMORY {4}\[\|+ +\] 940 MB of 8\.3 GB/);
    assert.match(first, /\n +PID S {2}THR/);
    assert.match(first, /q quit\n$/);
    await terminal.press("l");
    await terminal.shows(/FAULT +rpc error: code = Unavailable/);
    await terminal.press("Left");
    await terminal.shows(/deno run machined/);
    await terminal.press("q");
    const after = await terminal.shows(/ended with 0/);
    assert.ok(!after.includes("deno run machined"), after);
  },
});
