import { type Address, ARPHRD, IFF, type Link } from "$lib/codec/mod.ts";
import type { NetworkStatus } from "$lib/resources/mod.ts";
import { DhcpClient, type DhcpDeps } from "./dhcp_client.ts";
import { type InterfacePlan, interfacePlans, messageOf } from "./interface_plan.ts";
import type { Lease } from "./lease.ts";
import { decideNames, type Names } from "./names.ts";
import { EndpointNames } from "./endpoint_names.ts";
import { networkPlan } from "./network_plan.ts";
import { networkStatus } from "./network_status.ts";
import { addressKey, type Change, changesTo, type KernelNetwork } from "./reconcile.ts";
import { describe } from "./route_kernel.ts";
import type { Settings } from "./settings.ts";
import { tunnelChanges } from "./tunnel_plan.ts";
import { virtualChanges } from "./virtual_plan.ts";

/** The kernel's network; RouteKernel fits it. */
export interface Kernel {
  read(): KernelNetwork;
  change(change: Change): void;
}

/** What networkd needs of the world outside. */
export interface NetworkdDeps extends Omit<DhcpDeps, "onLease" | "onUnanswered"> {
  readonly kernel: Kernel;
  readonly setHostname: (name: string) => void;
  /** Writes `hosts` or `resolv.conf`. */
  readonly writeFile: (name: "hosts" | "resolv.conf", text: string) => Promise<void>;
  /** Tells everyone on a link that an address is here now. */
  readonly announce: (index: number, address: string) => void;
  /** Finds the address of a host. */
  readonly lookup: (host: string) => Promise<string>;
  /** The network as it is now, after each pass. */
  readonly onStatus: (status: NetworkStatus) => void;
  /** The first pass is done: loopback and static addresses stand, DHCP was tried everywhere. */
  readonly onReady: () => void;
}

interface Managed {
  readonly client: DhcpClient;
  carrier: boolean;
  carrierLosses: number;
  unanswered: boolean;
}

const COALESCE_MS = 50;
const RETRY_MS = 5_000;
/** When a shared address is announced after it came. */
const ANNOUNCE_MS = [0, 1_000, 3_000];
/** Links need a moment from "up" to carrier; without one by then nothing is to be waited for. */
const CARRIER_WAIT_MS = 4_000;
const READY_WAIT_MS = 10_000;
/** A change may bring the next about: a bond is made, joined, brought up, and has a VLAN over it. */
const MAX_ROUNDS = 6;

/** Keeps the kernel's network as the settings and leases say. */
export class Networkd {
  #settings: Settings | undefined;
  readonly #clients = new Map<number, Managed>();
  readonly #leases = new Map<number, Lease>();
  readonly #owned = new Set<string>();
  /** What virtual links were made with, and tunnels set to, by name, as JSON. */
  readonly #made = new Map<string, string>();
  readonly #tunnels = new Map<string, string>();
  readonly #hosts: EndpointNames;
  readonly #told = new Set<string>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #names: Partial<Names> = {};
  #writing: Promise<void> = Promise.resolve();
  #ready = false;
  #closed = false;
  #begunMs = 0;

  constructor(readonly deps: NetworkdDeps) {
    this.#hosts = new EndpointNames({ ...deps, onChange: () => this.wake() });
  }

  /** Puts new settings in force. */
  configure(settings: Settings): void {
    if (!this.#settings) {
      this.#begunMs = this.deps.nowMs();
      this.#after("carrier", CARRIER_WAIT_MS, () => this.pass());
      this.#after("ready", READY_WAIT_MS, () => this.#becomeReady());
    }
    this.#settings = settings;
    this.#told.clear();
    this.pass();
  }

  /** Something changed in the kernel: looks again soon, once for many changes. */
  wake(): void {
    if (!this.#timers.has("wake")) this.#after("wake", COALESCE_MS, () => this.pass());
  }

  /** Ends; addresses, routes and leases stay. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const { client } of this.#clients.values()) client.close();
    this.#hosts.close();
    await this.#writing;
  }

  /** Compares what is with what should be, and changes it. Failures are told and tried again. */
  pass(): void {
    if (!this.#settings || this.#closed) return;
    try {
      this.#pass(this.#settings);
    } catch (error) {
      this.#tell([messageOf(error)]);
      this.#after("retry", RETRY_MS, () => this.pass());
    }
  }

  #pass(settings: Settings): void {
    let now = this.deps.kernel.read();
    let { interfaces, changes } = this.#decide(settings, now);
    const refused = new Set<string>();
    for (let round = 0; round < MAX_ROUNDS && changes.length > 0; round++) {
      this.#apply(changes, refused);
      now = this.deps.kernel.read();
      ({ interfaces, changes } = this.#decide(settings, now));
      changes = changes.filter((change) => !refused.has(describe(change)));
    }
    if (refused.size > 0) this.#after("retry", RETRY_MS, () => this.pass());
    const names = decideNames(settings, interfaces, this.#leases);
    this.#publish(names);
    this.deps.onStatus(networkStatus(now, names));
    if (this.#isFirstPassDone()) this.#becomeReady();
  }

  /** What is to be done about the kernel as it is now. */
  #decide(settings: Settings, now: KernelNetwork): {
    interfaces: readonly InterfacePlan[];
    changes: readonly Change[];
  } {
    const virtual = virtualChanges(settings, now.links, this.#made);
    const tunnels = tunnelChanges(
      settings,
      now.tunnels,
      this.#tunnels,
      (host) => this.#hosts.find(host),
    );
    const { interfaces, faults } = interfacePlans(settings, now.links);
    this.#syncClients(interfaces, now);
    const loopback = now.links.find(({ type }) => type === ARPHRD.LOOPBACK)?.index;
    const plan = networkPlan(loopback, interfaces, this.#leases, this.deps.nowMs());
    this.#tell([...virtual.faults, ...tunnels.faults, ...faults, ...plan.faults]);
    const changes = [
      ...virtual.changes,
      ...tunnels.changes,
      ...changesTo(plan, now, this.#owned),
    ];
    return { interfaces, changes };
  }

  /** Makes the changes; what the kernel refuses is told, and its description put in `refused`. */
  #apply(changes: readonly Change[], refused: Set<string>): void {
    for (const change of changes) {
      try {
        this.deps.kernel.change(change);
        this.#remember(change);
      } catch (error) {
        this.#tell([messageOf(error)]);
        refused.add(describe(change));
      }
    }
  }

  #remember(change: Change): void {
    switch (change.type) {
      case "putAddress":
        this.#announce(change.address);
        return void this.#owned.add(addressKey(change.address));
      case "removeAddress":
        return void this.#owned.delete(addressKey(change.address));
      case "addLink":
        return void this.#made.set(change.link.name, JSON.stringify(change.link));
      case "removeLink":
        this.#tunnels.delete(change.link.name);
        return void this.#made.delete(change.link.name);
      case "tunnel":
        return void this.#tunnels.set(change.wanted.name, JSON.stringify(change.wanted));
    }
  }

  /** Neighbours know a shared address as another machine's: tells them, more than once. */
  #announce({ index, address }: Address): void {
    if (!this.#settings?.shared.includes(address)) return;
    for (const [times, ms] of ANNOUNCE_MS.entries()) {
      this.#after(`announce ${address} ${times}`, ms, () => {
        if (this.#settings?.shared.includes(address)) {
          this.#try(() => this.deps.announce(index, address));
        }
      });
    }
  }

  /** Starts and ends DHCP clients so that exactly the links that should have one do. */
  #syncClients(interfaces: readonly InterfacePlan[], now: KernelNetwork): void {
    const wanted = interfaces.filter(({ addressing }) => addressing.method === "dhcp");
    for (const [index, { client }] of this.#clients) {
      const plan = interfaces.find(({ link }) => link.index === index);
      if (plan?.addressing.method === "dhcp" && plan.link.mac === client.link.mac) continue;
      this.#clients.delete(index);
      // A link that still is ours gives its lease back; one that is gone or ignored is left alone.
      if (plan) client.release();
      else client.close();
      this.#leases.delete(index);
    }
    for (const { link } of wanted) this.#follow(link, now);
  }

  /** Asks for an address each time the link gets a carrier. */
  #follow(link: Link, now: KernelNetwork): void {
    const managed = this.#clients.get(link.index) ?? {
      client: this.#newClient(link),
      carrier: false,
      carrierLosses: 0,
      unanswered: false,
    };
    this.#clients.set(link.index, managed);
    const carrier = (link.flags & IFF.LOWER_UP) !== 0;
    // The kernel tells of a carrier at most once a second; a shorter loss shows in the count alone.
    const came = carrier && (!managed.carrier || link.carrierLosses !== managed.carrierLosses);
    Object.assign(managed, { carrier, carrierLosses: link.carrierLosses });
    if (came) managed.client.start(leftover(link, now));
  }

  #newClient(link: Link): DhcpClient {
    return new DhcpClient(link, {
      ...this.deps,
      onLease: ({ index }, lease) => {
        if (lease) this.#leases.set(index, lease);
        else this.#leases.delete(index);
        // Not from within a pass, which may have caused it.
        this.#after("lease", 0, () => this.pass());
      },
      onUnanswered: ({ index }) => {
        const managed = this.#clients.get(index);
        if (managed) managed.unanswered = true;
        this.wake();
      },
    });
  }

  #isFirstPassDone(): boolean {
    const waited = this.deps.nowMs() - this.#begunMs >= CARRIER_WAIT_MS;
    return [...this.#clients].every(([index, { carrier, unanswered }]) =>
      this.#leases.has(index) || unanswered || (!carrier && waited)
    );
  }

  #becomeReady(): void {
    if (this.#ready || this.#closed) return;
    this.#ready = true;
    // Ready promises the files too.
    void this.#writing.then(() => this.deps.onReady());
  }

  #publish(names: Names): void {
    this.#tell(names.faults);
    if (names.hostname !== this.#names.hostname) {
      this.#try(() => this.deps.setHostname(names.hostname));
      this.deps.log(`hostname is ${names.hostname}`);
    }
    if (names.hosts !== this.#names.hosts) this.#write("hosts", names.hosts);
    if (names.resolvConf !== this.#names.resolvConf) this.#write("resolv.conf", names.resolvConf);
    this.#names = names;
  }

  /** One write after the other, so that the last text is the one that stays. */
  #write(name: "hosts" | "resolv.conf", text: string): void {
    this.#writing = this.#writing.then(() => this.deps.writeFile(name, text))
      .catch((error: unknown) => this.#tell([messageOf(error)]));
  }

  #try(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#tell([messageOf(error)]);
    }
  }

  /** Logs each sentence once until the settings change: a pass may repeat many times. */
  #tell(sentences: readonly string[]): void {
    for (const sentence of sentences) {
      if (this.#told.has(sentence)) continue;
      this.#told.add(sentence);
      this.deps.log(sentence);
    }
  }

  #after(name: string, ms: number, run: () => void): void {
    if (this.#closed) return;
    clearTimeout(this.#timers.get(name));
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      run();
    }, ms);
    this.#timers.set(name, timer);
  }
}

/** An address with an end that a former run left on the link. */
function leftover(link: Link, { addresses }: KernelNetwork): string | undefined {
  return addresses.find(({ index, family, validSeconds }) =>
    index === link.index && family === 2 && validSeconds !== undefined
  )?.address;
}
