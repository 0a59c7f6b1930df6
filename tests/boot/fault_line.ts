/** The test's end of the second serial line of a fault image: one command, one answer. */
import { createConnection, type Socket } from "node:net";
import { EVENT_MS, until } from "./node.ts";

/** How long an answer is waited for unless told, milliseconds. */
const ANSWER_MS = 180_000;

/** A connected line. Commands are numbered, so that a late answer is not taken for the next one's. */
export class FaultLine implements Disposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (answer: string) => void>();
  #number = 0;
  #rest = "";

  /** Connects to the line at the socket `path` once QEMU has made it. */
  static async open(path: string): Promise<FaultLine> {
    await until(async () => void await Deno.stat(path), EVENT_MS);
    return new FaultLine(path);
  }

  private constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.setEncoding("utf8");
    this.#socket.on("error", () => {});
    this.#socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split(/\r?\n/);
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#hear(line);
    });
  }

  /** The terminal echoes commands; answers are marked. */
  #hear(line: string): void {
    const [, number = "", answer = ""] = /^= (\d+) (.*)$/.exec(line) ?? [];
    this.#waiting.get(number)?.(answer);
  }

  /** Asks for `command` without waiting for what it says. */
  send(command: string): void {
    this.#socket.write(`${++this.#number} ${command}\n`);
  }

  /** Asks for `command` and gives its answer. */
  async ask(command: string, timeoutMs = ANSWER_MS): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => reject(new Error(`Cannot hear the node: no answer to "${command}" in ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.send(command);
    const number = String(this.#number);
    this.#waiting.set(number, resolve);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(number);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
