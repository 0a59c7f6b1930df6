import { Code } from "@connectrpc/connect";
import type { Http2Stream } from "$lib/http2/mod.ts";
import {
  answerTrailers,
  concatBytes,
  frameOf,
  hostnameField,
  OK,
  replyOf,
  type Status,
  withHostname,
} from "$lib/rpc/mod.ts";
import type { Collector } from "./collector.ts";
import { nodeFailure } from "./node_failure.ts";

/** Puts the unary replies of nodes into one: their elements in the order of the nodes. */
export class Gather implements Collector {
  readonly #replies: (Uint8Array | undefined)[];

  constructor(
    readonly down: Http2Stream,
    readonly names: readonly string[],
    readonly hold: (bytes: number) => boolean,
    readonly finished: () => void,
  ) {
    this.#replies = names.map(() => undefined);
  }

  message(index: number, message: Uint8Array): boolean {
    if (this.hold(message.length)) this.#replies[index] = message;
    return true;
  }

  ended(index: number, status: Status): void {
    this.#replies[index] = this.#labelled(index, status);
  }

  finish(): void {
    const { down } = this;
    const frame = frameOf(concatBytes(this.#replies.filter((reply) => reply !== undefined)));
    this.finished();
    down.respond({ ":status": "200", "content-type": "application/grpc" });
    down.write(frame);
    answerTrailers(down, { "grpc-status": String(OK) });
  }

  #labelled(index: number, status: Status): Uint8Array {
    const name = this.names[index] ?? "";
    const reply = this.#replies[index];
    if (status.code !== OK) return replyOf(nodeFailure(name, status));
    if (!reply) return replyOf(nodeFailure(name, badReply("it is missing")));
    try {
      return withHostname(reply, hostnameField(name));
    } catch (error) {
      return replyOf(nodeFailure(name, badReply(error instanceof Error ? error.message : "")));
    }
  }
}

function badReply(why: string): Status {
  return { code: Code.Internal, message: `Cannot use reply: ${why}` };
}
