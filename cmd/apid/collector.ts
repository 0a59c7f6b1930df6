import type { Status } from "$lib/rpc/mod.ts";

/** Where the answers of the nodes go and how they are put together. */
export interface Collector {
  /** A message of the node at `index`; false asks to wait until `onReady`. */
  message(index: number, message: Uint8Array): boolean;
  /** How the call to the node at `index` ended. */
  ended(index: number, status: Status): void;
  /** All nodes ended. */
  finish(): void;
}
