import type { Http2Stream } from "$lib/http2/mod.ts";
import { answerTrailers, frameOf, hostnameField, OK, type Status } from "$lib/rpc/mod.ts";
import type { Collector } from "./collector.ts";
import { nodeFailure } from "./node_failure.ts";

/** Passes the stream messages of nodes on as they come, each labelled with its node. */
export class Multiplex implements Collector {
  readonly #labels: readonly Uint8Array[];

  constructor(
    readonly down: Http2Stream,
    readonly names: readonly string[],
    readonly ready: () => void,
    readonly finished: () => void,
  ) {
    this.#labels = names.map(hostnameField);
    down.on("drain", ready);
    down.respond({ ":status": "200", "content-type": "application/grpc" });
  }

  message(index: number, message: Uint8Array): boolean {
    const { down } = this;
    if (down.writableEnded) return true;
    return down.write(frameOf(message, this.#labels[index] ?? new Uint8Array(0)));
  }

  ended(index: number, status: Status): void {
    if (status.code === OK) return;
    const { down } = this;
    if (down.writableEnded) return;
    down.write(frameOf(nodeFailure(this.names[index] ?? "", status)));
  }

  finish(): void {
    this.finished();
    answerTrailers(this.down, { "grpc-status": String(OK) });
  }
}
