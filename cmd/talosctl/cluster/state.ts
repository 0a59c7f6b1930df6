import { join } from "node:path";
import { SECRET, statIfPresent, writeWhole } from "../files.ts";
import type { HostFiles } from "../host.ts";
import type { ProcessMark } from "./process.ts";

/** One machine of a local cluster. */
export interface NodeState {
  readonly name: string;
  readonly type: "init" | "controlplane" | "join";
  /** The loopback address that the node's ports are forwarded to. */
  readonly address: string;
  /** The address in the cluster's own network. */
  readonly ip: string;
  /** By which the firmware tells one machine from another. */
  readonly uuid: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** A context that was written into a file of the user's. */
export interface ContextPlace {
  readonly path: string;
  readonly context: string;
}

/** What is recorded of a local cluster, from before its first process starts until it is destroyed. */
export interface ClusterState {
  readonly provisioner: "qemu";
  readonly name: string;
  readonly network: {
    readonly name: string;
    readonly cidr: string;
    readonly gateway: string;
    readonly mtu: number;
  };
  /** Where the host reaches Kubernetes. */
  readonly endpoint?: string;
  readonly nodes: readonly NodeState[];
  /** Every process that was started for the cluster. */
  readonly processes: readonly ProcessMark[];
  /** Where the cluster's context was written, and under which name. */
  readonly talosconfig?: ContextPlace;
  /** Likewise its context in the user's kubeconfig. */
  readonly kubeconfig?: ContextPlace;
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The directory of a cluster. @throws {TypeError} for a name that is no DNS label. */
export function clusterDirectory(stateRoot: string, name: string): string {
  if (NAME.test(name)) return join(stateRoot, name);
  throw new TypeError(
    `Cannot use cluster name "${name}": it has to be lower-case letters, digits and dashes`,
  );
}

/** The state recorded in `directory`, or undefined when there is none. */
export async function findState(
  files: HostFiles,
  directory: string,
): Promise<ClusterState | undefined> {
  const path = join(directory, "state.json");
  if (!await statIfPresent(files, path)) return undefined;
  try {
    return JSON.parse(await files.readTextFile(path)) as ClusterState;
  } catch (cause) {
    throw new Error(`Cannot read cluster state "${path}": it is not JSON`, { cause });
  }
}

/** Records `state`, whole or not at all. */
export async function saveState(
  files: HostFiles,
  directory: string,
  state: ClusterState,
): Promise<void> {
  await writeWhole(files, join(directory, "state.json"), JSON.stringify(state, null, 2), SECRET);
}
