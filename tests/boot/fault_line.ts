/** The test's end of the second serial line of a fault image: one command, one answer. */
import { createConnection, type Socket } from "node:net";

/** A connected line. */
export class FaultLine implements Disposable {
  readonly #socket: Socket;
  readonly #answers: string[] = [];
  #rest = "";
  #wake: () => void = () => {};

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.setEncoding("utf8");
    this.#socket.on("error", () => {});
    this.#socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split(/\r?\n/);
      this.#rest = lines.pop() ?? "";
      // The terminal echoes commands; answers are marked.
      this.#answers.push(...lines.filter((line) => line.startsWith("= ")));
      this.#wake();
    });
  }

  /** Asks for `command` without waiting for what it says. */
  send(command: string): void {
    this.#socket.write(`${command}\n`);
  }

  /** Asks for `command` and gives its answer. */
  async ask(command: string, timeoutMs = 60_000): Promise<string> {
    this.#answers.length = 0;
    this.send(command);
    return await this.next(timeoutMs);
  }

  /** The next answer. */
  async next(timeoutMs: number): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    while (this.#answers.length === 0) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`Cannot hear the node: no answer in ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return (this.#answers.shift() ?? "").slice(2);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
