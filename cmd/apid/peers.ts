import { dialTls, type Identity, Upstream } from "$lib/rpc/mod.ts";
import type { NodeAddress } from "./nodes.ts";

/** How sessions to other nodes are kept. */
export interface PeerOptions {
  readonly identity: () => Identity;
  /** Most nodes that a session is kept to. */
  readonly maxPeers?: number;
  /** Time to reach a node: what a dead one costs. */
  readonly dialMs?: number;
}

/** The sessions to other nodes' apids: one a node, made on demand, with our identity as client. */
export class Peers {
  readonly #peers = new Map<string, Upstream>();
  readonly #options: Required<PeerOptions>;

  constructor(options: PeerOptions) {
    this.#options = { maxPeers: 512, dialMs: 4_000, ...options };
  }

  /** The upstream of a node. Makes room by closing the least recently used one without calls. */
  upstream({ name, host, port }: NodeAddress): Upstream {
    const key = `${host} ${port}`;
    const known = this.#peers.get(key);
    // Deleting and setting anew keeps the map in order of last use.
    this.#peers.delete(key);
    const upstream = known ?? this.#dialer(name, host, port);
    this.#peers.set(key, upstream);
    if (this.#peers.size > this.#options.maxPeers) this.#evict(upstream);
    return upstream;
  }

  /** Lets go of all sessions: calls in progress go on over them, new ones dial with what holds now. */
  renew(): void {
    for (const upstream of this.#peers.values()) upstream.retire();
    this.#peers.clear();
  }

  /** Ends all sessions. */
  close(): void {
    for (const upstream of this.#peers.values()) upstream.close();
    this.#peers.clear();
  }

  #dialer(name: string, host: string, port: number): Upstream {
    const { identity, dialMs } = this.#options;
    return new Upstream(name, dialTls({ host, port, identity }), {
      dialMs,
      idleMs: 60_000,
      pingAfterMs: 10_000,
    });
  }

  #evict(keep: Upstream): void {
    for (const [key, upstream] of this.#peers) {
      if (upstream === keep || upstream.calls > 0) continue;
      upstream.close();
      this.#peers.delete(key);
      return;
    }
  }
}
