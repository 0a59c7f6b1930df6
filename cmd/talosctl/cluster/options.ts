import type { GenerateInput, PatchOperation } from "$lib/config/mod.ts";
import type { Boot } from "./boot.ts";
import type { ClusterNetwork } from "./network.ts";
import type { Accelerator, Arch } from "./qemu.ts";
import type { UserDisk } from "./user_disks.ts";

/** How far a cluster is waited for. */
export type Milestone = "started" | "api" | "bootstrapped" | "healthy";

/** Whether reaching a milestone takes a Kubernetes, which is bootstrapped then. */
export function foundsKubernetes(until: Milestone): boolean {
  return until === "bootstrapped" || until === "healthy";
}

/** What a cluster is created from. */
export interface CreateOptions {
  readonly name: string;
  /** `<state root>/<name>` */
  readonly directory: string;
  readonly arch: Arch;
  /** `auto` takes the fastest that works. */
  readonly accelerator: Accelerator | "auto";
  readonly masters: number;
  readonly workers: number;
  /** Of each machine. */
  readonly cpus: number;
  readonly memoryMib: number;
  readonly diskMib: number;
  readonly userDisks: readonly UserDisk[];
  readonly boot: Boot;
  readonly initNode: boolean;
  readonly network: ClusterNetwork;
  readonly config: Partial<GenerateInput>;
  /** Where `gen config` has left configurations to take instead of generating one. */
  readonly inputDirectory: string | undefined;
  /** Changes to the generated configuration. */
  readonly patch: readonly PatchOperation[];
  /** The talosconfig that gets the cluster's context. */
  readonly talosconfig: string;
  /** The kubeconfig that gets the cluster's context; undefined leaves all alone. */
  readonly kubeconfig: string | undefined;
  /** Tells all there is about the node when Kubernetes does not come up. */
  readonly crashdump: boolean;
  readonly until: Milestone;
  /** How long reaching the milestone may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}
