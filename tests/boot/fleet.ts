/** Machines that run from their disks and form a cluster, with the Talos Controller Manager in it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CONTROLLER_MANAGER, NAMESPACE, type Pool, POOLS, type PoolStatus } from "$lib/pool/mod.ts";
import { VERSION } from "$lib/version/mod.ts";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import { buildDisk } from "../../mkimage/assets/disk.ts";
import { parseLock } from "../../mkimage/lock.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { brokenInstaller } from "./altered_releases.ts";
import { deployManager, managerImage } from "./controller_manager.ts";
import {
  installerOf,
  NEXT_TAG,
  nextImage,
  REGISTRY,
  REPOSITORY,
  type ServedInstallers,
  serveInstallers,
} from "./installers.ts";
import { DIST, until } from "./node.ts";
import { say } from "./served_images.ts";
import { eventually, SeveralMachines, type SeveralOptions } from "./several_machines.ts";

/** How long a pod may take to run, milliseconds. */
export const SOON_MS = 10 * 60_000;
/** One machine is down and comes up again, in a cluster of emulated ones. */
export const CYCLE_MS = 45 * 60_000;
/** A release that panics. */
const BROKEN = "v0.1.2";

/** Such a cluster, and the pool of all its nodes. */
export class Fleet implements AsyncDisposable {
  private constructor(
    readonly directory: string,
    readonly cluster: SeveralMachines,
    /** What the registry of installers has, by tag. */
    readonly installers: Record<string, BuiltImage>,
    /** What was written before anything was upgraded. */
    readonly note: Awaited<ReturnType<SeveralMachines["note"]>>,
    private readonly all: AsyncDisposableStack,
  ) {}

  /** Creates the machines, and waits until the manager runs; `directory` is for all that it takes. */
  static async start(
    directory: string,
    size: Pick<SeveralOptions, "masters" | "workers">,
  ): Promise<Fleet> {
    const image = await managerImage(directory);
    const disk = join(directory, "disk.qcow2");
    await buildDisk({
      ...{ image: DIST, output: disk, format: "qcow2", sizeBytes: 640 * 2 ** 20, say: () => {} },
      lock: parseLock(await Deno.readTextFile(LOCK_FILE)),
      ...{ cache: CACHE, extraArguments: EMULATED_ARGUMENTS },
    });
    await using started = new AsyncDisposableStack();
    const installers: Record<string, BuiltImage> = {};
    const registry: ServedInstallers = started.use(serveInstallers(installers));
    const cluster = started.use(
      await SeveralMachines.create(directory, {
        ...{ name: "fleet", ...size, built: [image] },
        flags: ["--disk-image-path", disk, "--disk", "10240"],
        patch: [{
          ...{ op: "add", path: `/machine/registries/mirrors/${REGISTRY}` },
          value: { endpoints: [registry.endpoint] },
        }],
      }),
    );
    // A call may meet an API server that is about to be given up.
    await until(async () => {
      await deployManager(image, cluster);
      await cluster.write("before");
    }, SOON_MS);
    await eventually(async () => {
      const manager = ["-n", NAMESPACE, "deployment", CONTROLLER_MANAGER];
      const { status } = await cluster.kubectl.get(...manager);
      assert.equal(status.readyReplicas, 1);
    }, SOON_MS);
    return new Fleet(directory, cluster, installers, await cluster.note(), started.move());
  }

  /** The release of each machine, with the slot that it is in, once all are there for good. */
  async releases(): Promise<string[]> {
    const { addresses, user } = this.cluster;
    const nodes = ["-n", addresses.join()];
    const text = await user.print([...nodes, "get", "upgradestatus", "-o", "json"]);
    interface Status {
      readonly node: string;
      readonly spec: { readonly version: string; readonly slot: string; readonly state: string };
    }
    const statuses = text.trim().split(/\n(?=\{)/).map((one): Status => JSON.parse(one));
    return statuses.toSorted((a, b) => a.node.localeCompare(b.node))
      .map(({ spec }) => `${spec.version} ${spec.slot} ${spec.state}`);
  }

  /** Waits until all nodes are Ready and what was written is there. */
  async untilWell(): Promise<void> {
    const { cluster } = this;
    await eventually(
      async () => assert.deepEqual(await cluster.readyNodes(), cluster.names),
      SOON_MS,
    );
    assert.deepEqual(await cluster.note(), this.note);
  }

  /**
   * Has the manager bring a release to all nodes that does not come up: it stops at the first, which
   * runs again what it ran, and touches no other.
   */
  async meetsBrokenRelease(): Promise<void> {
    const { cluster, installers, directory } = this;
    installers[BROKEN] = await brokenInstaller("panic", BROKEN, join(directory, "broken"));
    await until(async () =>
      void await cluster.kubectl.apply({
        ...{ apiVersion: POOLS.apiVersion, kind: "Pool", metadata: { name: "all" } },
        spec: { nodeSelector: {}, version: BROKEN, repository: REPOSITORY },
      }), SOON_MS);
    await this.#poolWhen(({ failed, nodes = [] }) => {
      assert.equal(failed, 1);
      assert.deepEqual(nodes.map(({ phase, reason }) => [phase, reason]), [[
        "Failed",
        "RolledBack",
      ]]);
    }, CYCLE_MS);
    const states = (await this.releases()).toSorted();
    const untouched = cluster.addresses.slice(1).map(() => `${VERSION} A permanent`);
    assert.deepEqual(states, [...untouched, `${VERSION} A rolledBack`]);
    await this.untilWell();
  }

  /** Has the manager bring the next release to all nodes, one after the other. */
  async takesNextRelease(): Promise<void> {
    const { cluster, installers, directory } = this;
    // Its kubelet has to tell the new release, which the root filesystem names.
    installers[NEXT_TAG] = await installerOf(await nextImage(), join(directory, "next"));
    const members = await cluster.members();
    await until(async () =>
      void await cluster.kubectl.print([
        ...["patch", "pool", "all", "--type=merge", "-p"],
        JSON.stringify({ spec: { version: NEXT_TAG } }),
      ]), SOON_MS);
    const size = cluster.addresses.length;
    await this.#poolWhen((status) => {
      assert.ok((status.failed ?? 0) === 0 && (status.inProgress ?? 0) <= 1);
      assert.deepEqual([status.size, status.upToDate], [size, size]);
      assert.equal(status.conditions?.find(({ type }) => type === "Ready")?.status, "True");
    }, size * CYCLE_MS);
    await eventually(async () => {
      const all = cluster.addresses.map(() => `${NEXT_TAG} B permanent`);
      assert.deepEqual(await this.releases(), all);
    }, SOON_MS);
    await this.untilWell();
    // What they had they have kept.
    assert.deepEqual(await cluster.members(), members);
  }

  /** Waits until the pool stands as `holds` asks. */
  async #poolWhen(
    holds: (status: Partial<PoolStatus>) => void,
    timeoutMs: number,
  ): Promise<void> {
    const { kubectl } = this.cluster;
    await eventually(async () => {
      const { status }: Pool = await kubectl.get("pool", "all");
      try {
        holds(status ?? {});
      } catch (error) {
        throw new Error(JSON.stringify(status), { cause: error });
      }
    }, timeoutMs);
    say(await kubectl.print(["get", "pools", "-o", "wide"]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.all.disposeAsync();
  }
}
