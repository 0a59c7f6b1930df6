/** Upgrades that were asked for: a node pulls the image before it answers, so nobody waits for it here. */
import type { Clock } from "$lib/clock/mod.ts";
import type { NodeRecord } from "$lib/pool/mod.ts";
import type { NodeApi } from "./node_api.ts";
import type { Answer } from "./progress.ts";

/** How long an unclear answer stands before the node is asked again, milliseconds. */
const AGAIN_MS = 15_000;
/** The longest that a node may take to pull an image. */
const UPGRADE_MS = 30 * 60_000;

interface Call {
  answer?: Answer;
  answeredMs: number;
}

/** Calls under way and their answers, by the request that they belong to. */
export class UpgradeCalls {
  readonly #calls = new Map<string, Call>();

  constructor(readonly clock: Clock, readonly answered: () => void) {}

  /** Whether the node has not answered a request yet. */
  underWay(record: NodeRecord): boolean {
    const call = this.#calls.get(keyOf(record));
    return call !== undefined && call.answer === undefined;
  }

  /**
   * The answer to a request; an unclear one only once it is time to ask again. A request that nobody
   * here made has an unclear one.
   */
  answerTo(record: NodeRecord): Answer | undefined {
    const call = this.#calls.get(keyOf(record));
    if (!call) return { kind: "unclear", message: "was asked before this program started" };
    const { answer, answeredMs } = call;
    const early = this.clock.monotonic() - answeredMs < AGAIN_MS;
    return answer?.kind === "unclear" && early ? undefined : answer;
  }

  /** Makes the request of a record, unless that was done. */
  ask(record: NodeRecord, preserve: boolean, node: NodeApi, signal: AbortSignal): void {
    const key = keyOf(record);
    if (this.#calls.has(key)) return;
    const call: Call = { answeredMs: 0 };
    this.#calls.set(key, call);
    const leftMs = Date.parse(record.deadline) - this.clock.now();
    const timeoutMs = Math.max(1_000, Math.min(UPGRADE_MS, leftMs));
    const { image } = record;
    void node.upgrade({ image, preserve }, { timeoutMs, signal }).then((answer) => {
      call.answer = answer;
      call.answeredMs = this.clock.monotonic();
      this.answered();
    });
  }

  /** Forgets the answers to requests that none of these records waits for. */
  keep(records: readonly NodeRecord[]): void {
    const waiting = new Set(records.filter(({ phase }) => phase === "Requested").map(keyOf));
    for (const key of this.#calls.keys()) if (!waiting.has(key)) this.#calls.delete(key);
  }
}

function keyOf({ name, startedAt, requests }: NodeRecord): string {
  return `${name} ${startedAt} ${requests}`;
}
