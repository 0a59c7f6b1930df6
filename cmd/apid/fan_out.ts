import { Code } from "@connectrpc/connect";
import type { HeaderFields, Http2Stream } from "$lib/http2/mod.ts";
import {
  answerStatus,
  type CallRegistry,
  concatBytes,
  FrameSplitter,
  OK,
  type OpenCall,
  openCall,
  type OutgoingCall,
  rawFrame,
  type Status,
  type Upstream,
} from "$lib/rpc/mod.ts";
import type { ByteBudget } from "./budget.ts";
import type { Collector } from "./collector.ts";
import { Gather } from "./gather.ts";
import { Multiplex } from "./multiplex.ts";

/** One call to be answered by several nodes. */
export interface FanOutCall {
  /** Each node as addressed, and its upstream or why there is none. */
  readonly nodes: readonly { readonly name: string; readonly upstream: Upstream | Status }[];
  readonly headers: HeaderFields;
  readonly streaming: boolean;
  /** For the whole call; a node of a unary call gets a little less, to be reported in time. */
  readonly deadlineMs: number | undefined;
  readonly messageBytes: number;
  readonly registry: CallRegistry;
  readonly budget: ByteBudget;
}

/** Nodes of one unary call that are asked at the same time; a stream needs all of its nodes. */
const UNARY_AT_ONCE = 64;

/** Asks every node of `call` and answers `down` with all they say, each labelled by its name. */
export function fanOut(down: Http2Stream, call: FanOutCall): void {
  const refused = new FanOut(down, call).start();
  if (refused) answerStatus(down, refused);
}

class FanOut implements OpenCall {
  waitingSince: number | undefined = performance.now();
  readonly #calls = new Set<OutgoingCall>();
  readonly #names: string[];
  #next = 0;
  #held = 0;
  #done = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #collector: Collector | undefined;

  constructor(readonly down: Http2Stream, readonly call: FanOutCall) {
    this.#names = call.nodes.map(({ name }) => name);
  }

  start(): Status | undefined {
    const { call, down } = this;
    const refused = call.registry.add(this);
    if (refused) return refused;
    down.once("close", () => this.#stop());
    const { deadlineMs } = call;
    if (deadlineMs !== undefined) {
      this.#timer = setTimeout(() => {
        this.fail({
          code: Code.DeadlineExceeded,
          message: `Cannot finish call: its deadline of ${deadlineMs} ms passed`,
        });
      }, deadlineMs);
    }
    this.#readRequest();
    return undefined;
  }

  fail(status: Status): void {
    if (this.#stop()) answerStatus(this.down, status);
  }

  #readRequest(): void {
    const { call, down } = this;
    const splitter = new FrameSplitter(call.messageBytes);
    const frames: Uint8Array[] = [];
    down.on("data", (chunk: Uint8Array) => {
      if (this.#done) return;
      this.waitingSince = performance.now();
      if (!this.#hold(chunk.length)) return;
      const pushed = splitter.push(chunk);
      if (!Array.isArray(pushed)) return this.fail(pushed);
      for (const frame of pushed) frames.push(rawFrame(frame));
    });
    down.once("end", () => {
      this.waitingSince = undefined;
      if (this.#done) return;
      if (splitter.heldBytes > 0) {
        return this.fail({
          code: Code.InvalidArgument,
          message: "Cannot read request: it ends inside a message",
        });
      }
      this.#ask(concatBytes(frames));
    });
  }

  #ask(body: Uint8Array): void {
    const { down, call } = this;
    const finish = (): void => void this.#stop();
    this.#collector = call.streaming
      ? new Multiplex(down, this.#names, () => this.#resume(), finish)
      : new Gather(down, this.#names, (bytes) => this.#hold(bytes), finish);
    const atOnce = call.streaming ? call.nodes.length : UNARY_AT_ONCE;
    for (let started = 0; started < atOnce; started++) this.#askNext(body);
  }

  #askNext(body: Uint8Array): void {
    const { call } = this;
    const index = this.#next;
    const node = call.nodes[index];
    if (this.#done || !node) return;
    this.#next++;
    const { upstream } = node;
    if ("code" in upstream) return this.#nodeEnded(index, upstream, body);
    const outgoing = openCall(upstream, {
      headers: call.headers,
      body,
      deadlineMs: call.streaming ? undefined : nodeDeadlineMs(call.deadlineMs),
      messageBytes: call.messageBytes,
      onMessage: (message) => {
        if (!this.#collector?.message(index, message)) this.#pause();
      },
      onEnd: (status) => {
        this.#calls.delete(outgoing);
        this.#nodeEnded(index, status, body);
      },
    });
    this.#calls.add(outgoing);
  }

  #ended = 0;

  #nodeEnded(index: number, status: Status, body: Uint8Array): void {
    if (this.#done) return;
    this.#collector?.ended(index, status);
    if (++this.#ended === this.call.nodes.length) this.#collector?.finish();
    else this.#askNext(body);
  }

  #hold(bytes: number): boolean {
    if (this.call.budget.take(bytes)) {
      this.#held += bytes;
      return true;
    }
    this.fail({
      code: Code.ResourceExhausted,
      message: `Cannot hold call: over ${this.call.budget.bytes} bytes are in use`,
    });
    return false;
  }

  #pause(): void {
    for (const outgoing of this.#calls) outgoing.pause();
  }

  #resume(): void {
    for (const outgoing of this.#calls) outgoing.resume();
  }

  #stop(): boolean {
    if (this.#done) return false;
    this.#done = true;
    clearTimeout(this.#timer);
    this.call.registry.delete(this);
    this.call.budget.give(this.#held);
    for (const outgoing of this.#calls) outgoing.cancel();
    this.#calls.clear();
    return true;
  }
}

/** What is left for a node when its failure is still to be told within the whole deadline. */
function nodeDeadlineMs(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms - Math.min(500, ms / 10);
}

/** True when a node answered. */
export function isOk(status: Status): boolean {
  return status.code === OK;
}
