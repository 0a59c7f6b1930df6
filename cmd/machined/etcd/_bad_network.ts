/**
 * Machines in network namespaces of their own, on a network that delays packets, loses them and cuts
 * machines off: for tests of a cluster. The network is this process: each machine has a TAP device,
 * and what one sends reaches the others as the weather has it. The kernel's own netem would do, but
 * not every kernel has it.
 */
import { Fd, O } from "$ffi/fd.ts";
import { FdPoller } from "$ffi/poller.ts";
import { output } from "$ffi/testing.ts";

/** What becomes of packets. */
export interface Weather {
  /** Milliseconds on the way, one way, give or take `jitterMs`. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** The share that is lost, 0 to 1. */
  readonly loss: number;
}

export const CALM: Weather = { delayMs: 0, jitterMs: 0, loss: 0 };

/** After how many milliseconds a packet arrives; undefined when it is lost. */
export function fate(weather: Weather, random: () => number): number | undefined {
  if (random() < weather.loss) return undefined;
  return Math.max(0, weather.delayMs + (2 * random() - 1) * weather.jitterMs);
}

/** Offsets in struct ifreq, the request that makes a TAP device, and its flags. */
const IFREQ = { size: 40, flags: 16, TUNSETIFF: 0x400454ca, TAP: 0x2, NO_PI: 0x1000 } as const;
/** More than any packet of a device with the usual MTU. */
const PACKET_BYTES = 2048;

/** One machine on the network. */
export interface Place {
  readonly name: string;
  readonly address: string;
  /** Runs a command on that machine. */
  readonly wrapper: readonly string[];
}

interface Port extends Place {
  readonly namespace: string;
  readonly tap: Fd;
  /** The hardware address, as hexadecimal digits. */
  readonly card: string;
}

/** The network and its machines. */
export class BadNetwork implements AsyncDisposable {
  weather: Weather = CALM;
  readonly #ports: Port[] = [];
  readonly #cut = new Set<string>();
  readonly #poller = new FdPoller();
  readonly #over = new AbortController();
  readonly #readers: Promise<void>[] = [];

  /** Makes a machine for each name. Needs root and `ip`. */
  static async make(names: readonly string[]): Promise<BadNetwork> {
    const network = new BadNetwork();
    const id = crypto.randomUUID().slice(0, 6);
    for (const [index, name] of names.entries()) await network.#add(id, name, index + 1);
    return network;
  }

  /** A machine by its name. */
  place(name: string): Place {
    const place = this.#ports.find((port) => port.name === name);
    if (place) return place;
    throw new RangeError(`Cannot find "${name}" on the network`);
  }

  /** Cuts a machine off: nothing reaches it and nothing it sends reaches others. */
  cut(name: string): void {
    this.#cut.add(name);
  }

  /** Ends every cut. */
  heal(): void {
    this.#cut.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await Promise.allSettled(this.#readers);
    await this.#poller.close();
    for (const { tap, namespace } of this.#ports) {
      tap.close();
      await output("ip", ["netns", "del", namespace]);
    }
  }

  async #add(id: string, name: string, host: number): Promise<void> {
    const namespace = `${name}-${id}`;
    const device = `t${id}${host}`;
    const octet = host.toString(16).padStart(2, "0");
    const tap = openTap(device);
    await output("ip", ["netns", "add", namespace]);
    const card = ["02", "00", "00", "00", "00", octet];
    const address = `10.77.0.${host}`;
    const wrapper = ["ip", "netns", "exec", namespace];
    this.#ports.push({ name, namespace, tap, address, wrapper, card: card.join("") });
    await output("ip", ["link", "set", device, "netns", namespace, "name", "eth0"]);
    const inside = (...args: string[]) => output("ip", ["-n", namespace, ...args]);
    await inside("link", "set", "eth0", "address", card.join(":"));
    await inside("address", "add", `${address}/24`, "dev", "eth0");
    for (const link of ["lo", "eth0"]) await inside("link", "set", link, "up");
    this.#readers.push(this.#read(this.#ports.at(-1)!));
  }

  async #read(from: Port): Promise<void> {
    const buffer = new Uint8Array(PACKET_BYTES);
    while (!this.#over.signal.aborted) {
      const length = from.tap.read(buffer);
      if (length === undefined) await this.#poller.readable(from.tap, this.#over.signal);
      else this.#carry(from, buffer.slice(0, length));
    }
  }

  #carry(from: Port, packet: Uint8Array<ArrayBuffer>): void {
    const to = packet.subarray(0, 6).toHex();
    const toMany = ((packet[0] ?? 0) & 1) === 1;
    for (const port of this.#ports) {
      if (port === from || !(toMany || port.card === to)) continue;
      const ms = fate(this.weather, Math.random);
      if (ms === undefined) continue;
      const deliver = () => this.#deliver(from, port, packet);
      if (ms === 0) deliver();
      else setTimeout(deliver, ms);
    }
  }

  #deliver(from: Port, to: Port, packet: Uint8Array<ArrayBuffer>): void {
    if (this.#cut.has(from.name) || this.#cut.has(to.name) || to.tap.closed) return;
    try {
      to.tap.write(packet);
    } catch {
      // A device that is not up yet loses its packets.
    }
  }
}

function openTap(name: string): Fd {
  const tap = Fd.open("/dev/net/tun", O.RDWR | O.NONBLOCK);
  const request = new Uint8Array(IFREQ.size);
  request.set(new TextEncoder().encode(name));
  new DataView(request.buffer).setUint16(IFREQ.flags, IFREQ.TAP | IFREQ.NO_PI, true);
  tap.ioctl("TUNSETIFF", IFREQ.TUNSETIFF, request);
  return tap;
}
