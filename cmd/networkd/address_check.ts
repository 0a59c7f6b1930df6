import { arpProbe, decodeArp, encodeArp, isArpConflict } from "$lib/codec/mod.ts";
import type { PacketChannel } from "./channel.ts";

/** What is needed to look for another host with an address. */
export interface AddressCheckDeps {
  /** ARP packets of the link. */
  readonly channel: PacketChannel;
  readonly mac: string;
  readonly address: string;
  readonly onConflict: () => void;
}

/** A lost packet must not hide a conflict. */
const PROBES = 3;
const PROBE_INTERVAL_MS = 80;

/** Probes for an address (RFC 5227) until closed. */
export class AddressCheck implements Disposable {
  readonly #ended = new AbortController();
  readonly #timers: readonly ReturnType<typeof setTimeout>[];

  constructor(readonly deps: AddressCheckDeps) {
    const probe = encodeArp(arpProbe(deps.mac, deps.address));
    this.#listen().catch(() => {});
    deps.channel.send(probe);
    this.#timers = Array.from(
      { length: PROBES - 1 },
      (_, at) => setTimeout(() => this.#send(probe), PROBE_INTERVAL_MS * (at + 1)),
    );
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#ended.abort(new DOMException("check is over", "AbortError"));
  }

  /** The link may have gone since the first one. */
  #send(probe: Uint8Array<ArrayBuffer>): void {
    try {
      this.deps.channel.send(probe);
    } catch { /* the state machine asks again when the link is back */ }
  }

  async #listen(): Promise<void> {
    const { channel, mac, address, onConflict } = this.deps;
    using _owned = channel;
    while (!this.#ended.signal.aborted) {
      const bytes = await channel.receive(this.#ended.signal);
      if (isConflict(bytes, mac, address)) return onConflict();
    }
  }
}

function isConflict(bytes: Uint8Array, mac: string, address: string): boolean {
  try {
    return isArpConflict(decodeArp(bytes), mac, address);
  } catch {
    return false;
  }
}
