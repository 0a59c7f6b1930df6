/** Watching the log of nodes that are being upgraded. */
import type { Clock } from "$lib/clock/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import type { NodeApi } from "./node_api.ts";

/** How long after the end of a log, which a reboot is, the next one is asked for, milliseconds. */
const AGAIN_MS = 5_000;
const MAX_LINE = 500;

/** Follows logs over reboots, hands on each line, and remembers the last one of each node. */
export class LogWatch {
  readonly #watched = new Map<string, AbortController>();
  readonly #last = new Map<string, string>();

  constructor(readonly clock: Clock, readonly log: (line: string) => void) {}

  /** The last line of a node's log. */
  last(name: string): string | undefined {
    return this.#last.get(name);
  }

  /** Watches these nodes and no others. */
  watch(nodes: ReadonlyMap<string, NodeApi>, signal: AbortSignal): void {
    for (const [name, over] of this.#watched) {
      if (nodes.has(name)) continue;
      over.abort();
      this.#watched.delete(name);
    }
    for (const [name, node] of nodes) {
      if (this.#watched.has(name)) continue;
      const over = new AbortController();
      this.#watched.set(name, over);
      this.#last.delete(name);
      void this.#follow(name, node, AbortSignal.any([signal, over.signal]));
    }
  }

  async #follow(name: string, node: NodeApi, signal: AbortSignal): Promise<void> {
    let fault = "";
    // What was before the upgrade is of no interest; after a reboot all is.
    for (let fromStart = false; !signal.aborted; fromStart = true) {
      try {
        for await (const line of node.logs(fromStart, signal)) {
          fault = "";
          const text = line.slice(0, MAX_LINE);
          this.#last.set(name, text);
          this.log(`${name}: ${text}`);
        }
      } catch (error) {
        const reason = messageOf(error);
        if (!signal.aborted && reason !== fault) this.log(`${name}: no log: ${reason}`);
        fault = reason;
      }
      await this.clock.sleep(AGAIN_MS, signal);
    }
  }
}
