import { flag, parseDurationMs } from "$lib/cli/mod.ts";
import { systemClock } from "$lib/clock/mod.ts";
import type { Client } from "../client/client.ts";
import { collect } from "../dashboard/collect.ts";
import { NO_HISTORY, type NodeHistory, withSample } from "../dashboard/history.ts";
import { layout, processRows } from "../dashboard/layout.ts";
import { ansi } from "../dashboard/text.ts";
import { keysIn, press, type View } from "../dashboard/view.ts";
import type { Screen } from "../host.ts";
import { command, type Session } from "../session.ts";

/** The shortest time between two rounds of questions. */
const MIN_INTERVAL_MS = 200;
/** How long one round may take at least before a node counts as silent. */
const ANSWER_MS = 10_000;

/** `talosctl dashboard` */
export const dashboardCommand = command({
  summary: "Cluster dashboard with real-time metrics",
  description: `Provide quick UI to navigate through node real-time metrics.

Keyboard shortcuts:

 - h, <Left>: switch one node to the left
 - l, <Right>: switch one node to the right
 - j, <Down>: scroll process list down
 - k, <Up>: scroll process list up
 - <C-d>: scroll process list half page down
 - <C-u>: scroll process list half page up
 - <C-f>: scroll process list one page down
 - <C-b>: scroll process list one page up
 - q, <C-c>: quit`,
  flags: {
    updateInterval: flag.duration("interval between updates", {
      short: "d",
      fallback: parseDurationMs("3s"),
    }),
  },
  async run({ updateInterval }, session: Session) {
    const client = await session.client();
    await using screen = session.host.screen();
    await new Dashboard(client, screen, Math.max(MIN_INTERVAL_MS, updateInterval)).run();
  },
});

class Dashboard {
  readonly #histories = new Map<string, NodeHistory>();
  #view: View = { node: 0, offset: 0 };

  constructor(
    readonly client: Client,
    readonly screen: Screen,
    readonly intervalMs: number,
  ) {
    for (const node of client.nodes) this.#histories.set(node, NO_HISTORY);
  }

  /** Shows what nodes do until the user has seen enough. */
  async run(): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.client.signal, over.signal]);
    const stop = (): void => over.abort();
    await Promise.all([
      this.#poll(signal).finally(stop),
      this.#watchKeys(signal).finally(stop),
    ]);
  }

  async #watchKeys(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && await this.#keys(signal)) this.#draw();
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const asked = this.client.endedBy(signal);
      const round = await collect(asked, Math.max(ANSWER_MS, this.intervalMs));
      if (signal.aborted) return;
      for (const [node, sample] of round) {
        this.#histories.set(node, withSample(this.#histories.get(node) ?? NO_HISTORY, sample));
      }
      this.#draw();
      await systemClock.sleep(this.intervalMs, signal);
    }
  }

  /** Acts on keys as they come; false when one of them ends the display. */
  async #keys(signal: AbortSignal): Promise<boolean> {
    const chunk = await this.screen.key(this.intervalMs, signal);
    for (const key of keysIn(chunk ?? "")) {
      const next = press(this.#view, key, {
        nodes: this.#histories.size,
        processes: [...this.#histories.values()][this.#view.node]?.processes.length ?? 0,
        page: processRows(this.screen.size()),
      });
      if (!next) return false;
      this.#view = next;
    }
    return true;
  }

  #draw(): void {
    const nodes = [...this.#histories].map(([name, history]) => ({ name, history }));
    const scene = { nodes, view: this.#view, nowMs: Date.now() };
    this.screen.paint(layout(scene, this.screen.size()).map(ansi));
  }
}
