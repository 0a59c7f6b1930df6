import { Connection } from "./connection.ts";
import { DialError, type Identity } from "./dial.ts";
import { type Endpoint, shuffled } from "./endpoint.ts";

/** How calls choose among several endpoints. */
export interface BalancerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly identity: Identity;
  /**
   * `balanced`: in chance order, each call goes to the next endpoint that works.
   * `ordered`: the first that connects answers all calls.
   */
  readonly order: "balanced" | "ordered";
  readonly dialMs: number;
}

/** Connections to the endpoints of a cluster, dialed as calls need them. */
export class Balancer implements Disposable {
  readonly #endpoints: readonly Endpoint[];
  readonly #open = new Map<Endpoint, Connection>();
  #next = 0;

  constructor(readonly options: BalancerOptions) {
    this.#endpoints = options.order === "ordered" ? options.endpoints : shuffled(options.endpoints);
  }

  /** The host of the endpoint that is tried first. */
  get first(): string {
    return this.#endpoints[0]?.host ?? "";
  }

  /** A working connection for the next call. @throws {DialError} naming every endpoint that failed. */
  async connection(): Promise<Connection> {
    const failures: DialError[] = [];
    const count = this.#endpoints.length;
    const first = this.options.order === "ordered" ? 0 : this.#next++;
    for (let step = 0; step < count; step++) {
      const endpoint = this.#endpoints[(first + step) % count] as Endpoint;
      try {
        return await this.#connectionTo(endpoint);
      } catch (error) {
        if (!(error instanceof DialError)) throw error;
        failures.push(error);
      }
    }
    throw failures.length === 1 ? failures[0] : new DialError(
      `Cannot connect to any of ${count} endpoints:\n${
        failures.map(({ message }) => `\t* ${message}`).join("\n")
      }`,
    );
  }

  async #connectionTo(endpoint: Endpoint): Promise<Connection> {
    const open = this.#open.get(endpoint);
    if (open?.usable) return open;
    open?.[Symbol.dispose]();
    const made = await Connection.open(endpoint, this.options.identity, this.options.dialMs);
    this.#open.set(endpoint, made);
    return made;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#open.values()) connection[Symbol.dispose]();
    this.#open.clear();
  }
}
