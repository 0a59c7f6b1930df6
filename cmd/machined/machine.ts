/** What the sequences of a machine work on; main.ts puts it together. */
import type { KernelCmdline } from "$lib/cmdline/mod.ts";
import type { EventRing, LogStore, ProcessLauncher, ServiceManager } from "$lib/service/mod.ts";
import type { KmsgSource } from "./api/mod.ts";
import type { SavedConfig } from "./config/saved.ts";
import type { ConfigStore } from "./config/store.ts";
import type { NodeRuntime } from "./controllers/mod.ts";
import type { EtcdParts } from "./etcd/parts.ts";
import type { SharedAddresses } from "./etcd/shared_addresses.ts";
import type { Ground } from "./ground.ts";
import type { ApiIdentity } from "./identity/api_identity.ts";
import type { HostNames } from "./identity/names.ts";
import type { TrustSettings } from "./identity/trust.ts";
import type { PowerRequests } from "./pid1/power.ts";
import type { Installer } from "./release/installer.ts";
import type { Releases } from "./release/releases.ts";
import type { Sequencer } from "./sequences/engine.ts";
import type { Sysctls } from "./tasks/kspp.ts";
import type { Containers } from "./containers/host.ts";
import type { ProgramSpec } from "./launch/program.ts";
import type { DiskGrower } from "./tasks/partitions.ts";
import type { KernelModules } from "./tasks/modules.ts";
import type { Limiter } from "./tasks/rlimits.ts";
import type { UeventSocket } from "./services/udevd.ts";

export interface Machine {
  readonly cmdline: KernelCmdline;
  /** Release tag of the running image. */
  readonly version: string;
  /** dm-verity root hash of the running image, or `unverified` outside one. */
  readonly rootHash: string;
  /** A line for the kernel log and the log of machined. */
  readonly log: (line: string) => void;
  readonly logs: LogStore;
  /** The kernel's log, which `log` writes to. */
  readonly kmsg: KmsgSource;
  readonly events: EventRing;
  readonly services: ServiceManager;
  readonly sequencer: Sequencer;
  readonly config: ConfigStore;
  /** The configuration that outlives a reboot. */
  readonly savedConfig: SavedConfig;
  /** The resources and the controllers that keep them. */
  readonly runtime: NodeRuntime;
  readonly etcd: EtcdParts;
  /** Addresses that the control planes share, as far as they are this machine's now. */
  readonly sharedAddresses: Pick<SharedAddresses, "held">;
  readonly identity: ApiIdentity;
  readonly power: PowerRequests;
  readonly modules: KernelModules;
  readonly sysctls: Sysctls;
  /** What was done before the sequences. */
  readonly ground: Ground;
  readonly disks: DiskGrower;
  /** The releases on the disk that the machine was started from. */
  readonly releases: Releases;
  /** Brings releases and puts them on the disk. */
  readonly installer: Installer;
  readonly mounter: Ground["mounter"];
  /** Where containers run: pods, and what the node has in containers itself. */
  readonly containers: Containers;
  /** Starts programs of the image with every right. */
  readonly programs: ProcessLauncher<ProgramSpec>;
  readonly limiter: Limiter;
  /** Hears what the kernel tells of devices. */
  readonly openUevents: () => UeventSocket;
  /** Fetches the configuration from where the command line says. */
  readonly fetchConfig: (url: string, signal: AbortSignal) => Promise<Uint8Array>;
  /** Reads the configuration from a volume with the label `metal-iso`. */
  readonly readConfigVolume: (signal: AbortSignal) => Promise<Uint8Array>;
  /** What the machine is called right now. */
  readonly hostNames: () => HostNames;
  /** What trustd works with; nothing where the configuration has no machine CA with its key. */
  readonly trust: () => Promise<TrustSettings | undefined>;
}

/** Adds to a machine before it starts; told the pids that its reaper leaves alone. */
export type Extend = (machine: Machine, ownPids: Set<number>) => void;
