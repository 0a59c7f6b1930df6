import { type Address, AF, ARPHRD, IFF, type Link, RT_SCOPE, RTPROT } from "$lib/codec/mod.ts";
import type { NetworkStatus } from "$lib/resources/mod.ts";
import { type Dhcp4Deps, Dhcp4Exchange } from "./dhcp4_exchange.ts";
import { type Dhcp6Deps, Dhcp6Exchange } from "./dhcp6_exchange.ts";
import { DhcpClient, type Listener } from "./dhcp_client.ts";
import {
  dhcpFamilies,
  type InterfacePlan,
  interfacePlans,
  type IpFamily,
  messageOf,
} from "./interface_plan.ts";
import type { Lease, Leases } from "./lease.ts";
import { decideNames, type Names } from "./names.ts";
import { EndpointNames } from "./endpoint_names.ts";
import { networkPlan } from "./network_plan.ts";
import { networkStatus } from "./network_status.ts";
import { addressKey, type Change, changesTo, type Hold, type KernelNetwork } from "./reconcile.ts";
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
export interface NetworkdDeps extends Dhcp4Deps, Dhcp6Deps {
  readonly kernel: Kernel;
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
  readonly setHostname: (name: string) => void;
  readonly setDomainName: (name: string) => void;
  /** Writes `hosts` or `resolv.conf`. */
  readonly writeFile: (name: "hosts" | "resolv.conf", text: string) => Promise<void>;
  /** Tells everyone on a link that an address is here now. */
  readonly announce: (index: number, address: string) => void;
  /** Has the kernel heed routers' advertisements on a link, though it forwards packets. */
  readonly heedRouters: (link: Link) => void;
  /** Finds the address of a host. */
  readonly lookup: (host: string) => Promise<string>;
  /** The network as it is now, after each pass. */
  readonly onStatus: (status: NetworkStatus) => void;
  /** The first pass is done: loopback and static addresses stand, DHCP was tried everywhere. */
  readonly onReady: () => void;
}

/** A client of one family on one link. */
interface Managed {
  readonly client: DhcpClient;
  readonly family: IpFamily;
  lease: Lease | undefined;
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
/** The kernel has looked by then whether another host has an IPv6 address: 1 s, and 1 s at most before. */
const LOOK_MS = 5_000;
/** A change may bring the next about: a bond is made, joined, brought up, and has a VLAN over it. */
const MAX_ROUNDS = 6;

/** Keeps the kernel's network as the settings and leases say. */
export class Networkd {
  #settings: Settings | undefined;
  /** By index of the link and family. */
  readonly #clients = new Map<string, Managed>();
  readonly #owned = new Map<string, Hold>();
  /** When addresses were put, by addressKey. */
  readonly #putMs = new Map<string, number>();
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
    const names = decideNames(settings, interfaces, this.#leases());
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
    const plan = networkPlan(loopback, interfaces, this.#leases(), this.deps.nowMs());
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
        this.#putMs.set(addressKey(change.address), this.deps.nowMs());
        return void this.#owned.set(addressKey(change.address), this.#holdOf(change.address));
      case "removeAddress":
        this.#putMs.delete(addressKey(change.address));
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

  #holdOf({ address, protocol }: Address): Hold {
    const isLent = protocol === RTPROT.DHCP || this.#settings?.shared.includes(address);
    return isLent ? "lent" : "own";
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
    for (const [key, { client, family }] of this.#clients) {
      const plan = interfaces.find(({ link }) => link.index === client.link.index);
      if (plan && dhcpFamilies(plan).includes(family) && plan.link.mac === client.link.mac) {
        continue;
      }
      this.#clients.delete(key);
      // A link that still is ours gives its lease back; one that is gone or ignored is left alone.
      if (plan) client.release();
      else client.close();
    }
    for (const plan of interfaces) {
      for (const family of dhcpFamilies(plan)) this.#follow(plan.link, family, now);
    }
  }

  /** Asks for an address each time the link gets a carrier, and what the family needs beside it. */
  #follow(link: Link, family: IpFamily, now: KernelNetwork): void {
    const key = `${link.index} ${family}`;
    const managed = this.#clients.get(key) ?? this.#newClient(link, family);
    this.#clients.set(key, managed);
    const carrier = (link.flags & IFF.LOWER_UP) !== 0 && (family === 4 || hasLinkLocal(link, now));
    // The kernel tells of a carrier at most once a second; a shorter loss shows in the count alone.
    const came = carrier && (!managed.carrier || link.carrierLosses !== managed.carrierLosses);
    Object.assign(managed, { carrier, carrierLosses: link.carrierLosses });
    if (came) managed.client.start(leftover(link, family, now));
    else if (carrier) this.#giveUpTaken(managed, now);
  }

  /** The kernel marks a leased IPv6 address that another host has, or takes it away at once. */
  #giveUpTaken({ family, client, lease }: Managed, { addresses }: KernelNetwork): void {
    if (family === 4 || !lease) return;
    const key = addressKey({ ...lease, index: client.link.index });
    const held = addresses.find((address) => addressKey(address) === key);
    const sinceMs = this.deps.nowMs() - (this.#putMs.get(key) ?? -Infinity);
    if (held ? held.duplicate : sinceMs < LOOK_MS) client.conflict(lease.address);
  }

  #newClient(link: Link, family: IpFamily): Managed {
    const { nowMs, log } = this.deps;
    // DHCPv6 brings no routes: they do.
    if (family === 6) this.#try(() => this.deps.heedRouters(link));
    const exchange = (listener: Listener) =>
      family === 4
        ? new Dhcp4Exchange(link, this.deps, listener)
        : new Dhcp6Exchange(link, this.deps, listener);
    const onLease = (lease: Lease | undefined) => {
      managed.lease = lease;
      // Not from within a pass, which may have caused it.
      this.#after("lease", 0, () => this.pass());
    };
    const onUnanswered = () => {
      managed.unanswered = true;
      this.wake();
    };
    const client = new DhcpClient(link, { exchange, nowMs, log, onLease, onUnanswered });
    const managed: Managed = {
      client,
      family,
      lease: undefined,
      carrier: false,
      carrierLosses: 0,
      unanswered: false,
    };
    return managed;
  }

  /** Those there are, of IPv4 first. */
  #leases(): Leases {
    const held = [...this.#clients.values()].toSorted((a, b) => a.family - b.family);
    const leases = new Map<number, readonly Lease[]>();
    for (const { client: { link }, lease } of held) {
      if (lease) leases.set(link.index, [...leases.get(link.index) ?? [], lease]);
    }
    return leases;
  }

  #isFirstPassDone(): boolean {
    const waited = this.deps.nowMs() - this.#begunMs >= CARRIER_WAIT_MS;
    return [...this.#clients.values()].every(({ lease, carrier, unanswered }) =>
      lease || unanswered || (!carrier && waited)
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
    if (names.domain !== this.#names.domain) {
      this.#try(() => this.deps.setDomainName(names.domain ?? ""));
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

/** Whether a link can send to its neighbours over IPv6. */
function hasLinkLocal(link: Link, { addresses }: KernelNetwork): boolean {
  return addresses.some(({ index, family, scope, tentative }) =>
    index === link.index && family === AF.INET6 && scope === RT_SCOPE.LINK && !tentative
  );
}

/** An address with an end that a former run left on the link; those of SLAAC are of a prefix. */
function leftover(link: Link, family: IpFamily, { addresses }: KernelNetwork): string | undefined {
  return addresses.find((held) =>
    held.index === link.index && held.validSeconds !== undefined &&
    (family === 4 ? held.family === AF.INET : held.family === AF.INET6 && held.prefix === 128)
  )?.address;
}
