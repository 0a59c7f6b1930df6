/**
 * A cluster of one node under test: a registry with the images of Kubernetes, a machine with a disk for
 * /var that pulls from it, and talosctl and kubectl as users run them.
 *
 * @module
 */
import { join } from "node:path";
import { applyPatch, parsePatch, type PatchOperation } from "$lib/config/mod.ts";
import { LEADER_PATIENCE } from "../../cmd/talosctl/cluster/generate.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { registryPatch } from "../../mkimage/registry/patch.ts";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { Kubectl } from "./kubectl.ts";
import { BOOT_MS, type Node, type NodeOptions, startNode, until } from "./node.ts";
import { imagesMissing, serveClusterImages, type ServedImages } from "./served_images.ts";
import { makeStateDisk } from "./state_disk.ts";
import { Talosctl } from "./talosctl.ts";

/** The image that pods of tests run. */
export const AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.59";

/** The node's name in Kubernetes. */
export const NODE_NAME = "boot-test-1";

/** How long a cluster may take to come up, milliseconds: five minutes on two quiet cores. */
export const CLUSTER_MS = 45 * 60_000;

/** The tier of every test with a cluster: the first run compiles Kubernetes, all of them boot it. */
const TIER = Deno.env.get("TEST_CLUSTER_TIER") === "ci" ? "ci" : "long";

const DISK_BYTES = 10 * 2 ** 30;
const unless = await imagesMissing();

/** Declares a test with a cluster. */
export function clusterTest(
  name: string,
  fn: () => Promise<void>,
  needs: { readonly bringsUp?: boolean; readonly unless?: string | undefined } = {},
): void {
  bootTest(name, fn, { tier: TIER, ...needs, unless: unless ?? needs.unless });
}

/** What a test asks of its cluster. */
export interface ClusterOptions {
  /** Parts of the names of images that are served beside those that every cluster runs. */
  readonly images?: readonly string[];
  /** Images of the project that are served too. */
  readonly built?: readonly BuiltImage[];
  /** Changes of the generated configuration. */
  readonly patch?: readonly PatchOperation[];
  /** The machine has a STATE volume, so that changes of its configuration outlive a reboot. */
  readonly keepsConfig?: boolean;
  /** Another machine than the one that ships. */
  readonly machine?: Pick<NodeOptions, "image" | "args">;
}

/** A machine that a cluster is founded on, and those who use it. */
export interface ClusterUsers {
  readonly node: Node;
  readonly talosctl: Talosctl;
  readonly kubectl: Kubectl;
  /** Waits until `attempt` passes; a failure shows the end of the console. */
  until(attempt: () => Promise<void>, timeoutMs?: number): Promise<void>;
}

/** A cluster that a test started, with all that belongs to it. */
export interface Cluster extends ClusterUsers, AsyncDisposable {
  readonly served: ServedImages;
  /** When the machine was started, as `performance.now()` tells it. */
  readonly startedAt: number;
  /** The file behind /var. */
  readonly disk: string;
  /** What the machine fetches at its next boot, unless it keeps its configuration. */
  config: string;
}

/** Builds and serves what the node needs, and boots it; nothing is bootstrapped. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const directory = await Deno.makeTempDir({ prefix: "cluster-test-" });
  const served = await serveClusterImages(
    join(directory, "registry"),
    options.images,
    options.built,
  );
  const disk = join(directory, "var.img");
  await blankDisk(disk, DISK_BYTES);
  const state = join(directory, "state.img");
  if (options.keepsConfig) await makeStateDisk(state);
  let config = "";
  const startedAt = performance.now();
  const node = await startNode({
    ...options.machine,
    disks: options.keepsConfig ? [disk, state] : [disk],
    memoryMib: 4096,
    ports: [6443],
    config: (yaml) => config = clusterConfig(yaml, served, options.patch ?? []),
    serve: () => new Response(config),
  });
  const talosctl = await Talosctl.administrator(node);
  return {
    node,
    talosctl,
    kubectl: new Kubectl(served.kubectl, join(talosctl.home, "kubeconfig")),
    served,
    startedAt,
    disk,
    get config() {
      return config;
    },
    set config(yaml) {
      config = yaml;
    },
    until: (attempt, timeoutMs = CLUSTER_MS) => until(attempt, timeoutMs, node.vm),
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await talosctl[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Resets the machine, with a blank disk in place of its own. */
export async function resetWithBlankDisk({ node, disk }: Cluster): Promise<void> {
  await node.vm.monitor("stop");
  await blankDisk(disk, DISK_BYTES);
  await node.vm.monitor("system_reset");
  await node.vm.monitor("cont");
}

/** The configuration of a lone node that runs everything and pulls from the registry. */
export function clusterConfig(
  yaml: string,
  { registry, images }: ServedImages,
  more: readonly PatchOperation[] = [],
): string {
  return applyPatch(yaml, [
    ...parsePatch(registryPatch(registry, images.map(({ name }) => name))),
    { op: "add", path: "/machine/network", value: { hostname: NODE_NAME } },
    { op: "add", path: "/cluster/allowSchedulingOnMasters", value: true },
    ...["controllerManager", "scheduler"].map((component) => (
      { op: "add", path: `/cluster/${component}/extraArgs`, value: LEADER_PATIENCE } as const
    )),
    ...more,
  ]);
}

/** Founds the cluster on the node, and gives kubectl its kubeconfig. */
export async function bootstrap(
  { node, talosctl, kubectl, until }: ClusterUsers,
): Promise<void> {
  await node.ready();
  // A machine that still boots refuses.
  await until(async () => void await talosctl.print(["bootstrap"]), BOOT_MS);
  await until(async () => {
    await talosctl.print(["kubeconfig", "--merge=false", "--force", kubectl.kubeconfig]);
  }, BOOT_MS);
}

/** Waits until the cluster is well, as talosctl tells it from outside; gives what it said. */
export async function untilHealthy({ talosctl }: Pick<ClusterUsers, "talosctl">): Promise<string> {
  const waitTimeout = `${CLUSTER_MS / 1000}s`;
  const args = ["health", "--server=false", "--wait-timeout", waitTimeout];
  const { code, stdout, stderr } = await talosctl.run(args);
  if (code !== 0) throw new Error(`The cluster did not come up: ${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

/** Starts a cluster and waits until it is well. */
export async function bringUpCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startCluster(options);
  try {
    await bootstrap(cluster);
    await untilHealthy(cluster);
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}
