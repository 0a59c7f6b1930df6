/** Packets of one protocol of one link, from its header on; `$ffi/packet.ts` fits it. */
export interface PacketChannel extends Disposable {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** The next packet. @throws the reason of `signal` */
  receive(signal: AbortSignal): Promise<Uint8Array>;
}

/** Datagrams from an address of one link; `$ffi/udp.ts` fits it. */
export interface DatagramChannel extends Disposable {
  send(bytes: Uint8Array<ArrayBuffer>, to: { hostname: string; port: number }): void;
  /** The next datagram. @throws the reason of `signal` */
  receive(signal: AbortSignal): Promise<Uint8Array>;
}
