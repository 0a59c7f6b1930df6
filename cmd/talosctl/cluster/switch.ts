/**
 * The network between the machines of a local cluster: a switch that learns who is where. A hub would
 * not do, because QEMU's user-mode network takes every packet that reaches it for its own, and answers
 * in the name of other machines.
 */
import * as net from "node:net";
import { join } from "node:path";
import { aborted } from "$lib/clock/mod.ts";

/** Where the machines, and the uplink, are plugged in. */
export const SOCKETS = { machines: "machines.sock", uplink: "uplink.sock" } as const;

/** QEMU puts its length before each packet. */
const HEAD = 4;
const ETHERNET = 14;
/** More is no packet of a machine of ours: a card takes 64 KiB. */
const MAX_PACKET = 128 * 1024;
/** What waits for a machine that does not read; more is lost, as on any cable. */
const MAX_QUEUED = 8 * 2 ** 20;

/** Tells from the addresses of packets where each belongs. A port is any value with an identity. */
export class SwitchTable<Port> {
  readonly #ports = new Map<Port, { readonly uplink: boolean }>();
  readonly #where = new Map<string, Port>();

  plug(port: Port, uplink: boolean): void {
    this.#ports.set(port, { uplink });
  }

  unplug(port: Port): void {
    this.#ports.delete(port);
    for (const [address, at] of this.#where) if (at === port) this.#where.delete(address);
  }

  /** The ports that a packet from `port` goes to. What nobody is known for never goes to the uplink. */
  route(port: Port, packet: Uint8Array): Port[] {
    this.#where.set(addressAt(packet, 6), port);
    const known = this.#where.get(addressAt(packet, 0));
    if (known !== undefined) return known === port ? [] : [known];
    const toMany = ((packet[0] ?? 0) & 1) === 1;
    return [...this.#ports]
      .filter(([other, { uplink }]) => other !== port && (toMany || !uplink))
      .map(([other]) => other);
  }
}

function addressAt(packet: Uint8Array, offset: number): string {
  return packet.subarray(offset, offset + 6).toHex();
}

/** Cuts a stream into packets, each with its length before it. @throws {RangeError} when it is none */
export class PacketReader {
  #rest: Uint8Array = new Uint8Array();

  take(chunk: Uint8Array): Uint8Array[] {
    const bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const packets: Uint8Array[] = [];
    let at = 0;
    while (at + HEAD <= bytes.length) {
      const length = view.getUint32(at);
      if (length > MAX_PACKET) throw new RangeError(`Cannot pass on a packet of ${length} bytes`);
      if (at + HEAD + length > bytes.length) break;
      packets.push(bytes.subarray(at, at + HEAD + length));
      at += HEAD + length;
    }
    this.#rest = bytes.slice(at);
    return packets;
  }
}

/** Passes packets between whoever connects to the sockets in `directory`, until `signal` fires. */
export async function runSwitch(
  { directory, ready, signal }: {
    readonly directory: string;
    readonly ready: () => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const table = new SwitchTable<net.Socket>();
  const open = new Set<net.Socket>();
  const servers = Object.entries(SOCKETS).map(([kind, name]) => {
    const server = net.createServer((socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      plugIn(table, socket, kind === "uplink");
    });
    return { server, path: join(directory, name) };
  });
  for (const { server, path } of servers) {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  }
  ready();
  await aborted(signal);
  for (const { server } of servers) server.close();
  for (const socket of open) socket.destroy();
}

function plugIn(table: SwitchTable<net.Socket>, socket: net.Socket, uplink: boolean): void {
  table.plug(socket, uplink);
  const reader = new PacketReader();
  const out = new Map<net.Socket, Uint8Array[]>();
  socket.on("data", (chunk: Uint8Array) => {
    try {
      for (const framed of reader.take(chunk)) {
        if (framed.length < HEAD + ETHERNET) continue;
        for (const port of table.route(socket, framed.subarray(HEAD))) {
          if (port.writableLength > MAX_QUEUED) continue;
          const waiting = out.get(port);
          if (waiting) waiting.push(framed);
          else out.set(port, [framed]);
        }
      }
    } catch {
      socket.destroy();
    }
    // One write for all that came together: a machine sends in bursts.
    for (const [port, packets] of out) {
      port.write(packets.length === 1 ? packets[0]! : concat(packets));
    }
    out.clear();
  });
  // A machine that goes away takes its addresses with it.
  socket.on("error", () => socket.destroy()).on("close", () => table.unplug(socket));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
