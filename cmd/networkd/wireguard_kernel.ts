import {
  decodeFamily,
  decodeWireguard,
  encodeFamilyQuery,
  encodeWireguard,
  encodeWireguardQuery,
  GENERIC_CONTROL,
  WIREGUARD,
  type WireguardDevice,
} from "$lib/codec/mod.ts";
import type { NetlinkTalk } from "./netlink_talk.ts";

/** The kernel's WireGuard interfaces. */
export class WireguardKernel {
  #family: number | undefined;
  constructor(readonly talk: NetlinkTalk) {}

  /** Everything the kernel knows of a tunnel. @throws {NetlinkError} when there is none */
  read(name: string): WireguardDevice {
    const messages = this.talk.dump({
      type: this.#familyNumber(),
      payload: encodeWireguardQuery(name),
      what: `read wireguard ${name}`,
    });
    return decodeWireguard(messages.map(({ payload }) => payload));
  }

  /** Sets what `device` has. @throws {NetlinkError} when the kernel refuses */
  set(device: WireguardDevice): void {
    this.talk.ask({
      type: this.#familyNumber(),
      payload: encodeWireguard(device),
      what: `set wireguard ${device.name}`,
    });
  }

  /** The number is given out when the module is loaded, and stays. */
  #familyNumber(): number {
    if (this.#family !== undefined) return this.#family;
    const [answer] = this.talk.ask({
      type: GENERIC_CONTROL,
      payload: encodeFamilyQuery(WIREGUARD.family),
      what: "find WireGuard in the kernel",
    });
    return this.#family = decodeFamily(answer?.payload ?? new Uint8Array());
  }
}
