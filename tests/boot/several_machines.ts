/** A cluster of several machines as `talosctl cluster create` makes it, and those who use it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parsePatch, type PatchOperation } from "$lib/config/mod.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { run } from "../../mkimage/run.ts";
import { registryPatch } from "../../mkimage/registry/patch.ts";
import { blankDisk } from "./blank_disk.ts";
import { Kubectl } from "./kubectl.ts";
import { tellMonitor } from "./monitor.ts";
import { until } from "./node.ts";
import { say, serveClusterImages, type ServedImages } from "./served_images.ts";
import { Talosctl } from "./talosctl.ts";

/** Addresses of three control planes among each other, and of the worker beside them. */
export const MASTERS = ["10.0.2.15", "10.0.2.16", "10.0.2.17"] as const;
export const WORKER = "10.0.2.18";
const ADDRESSES = [...MASTERS, WORKER];
/** How long the machines may take together, on two cores that have something else to do. */
const CREATE_MINUTES = 90;
const PAUSE_MS = 10_000;

/** Waits until `attempt` passes, with pauses that leave the machines some peace, and says how long. */
export async function eventually(attempt: () => Promise<void>, timeoutMs: number): Promise<void> {
  const began = performance.now();
  await until(attempt, timeoutMs, undefined, PAUSE_MS);
  say(`after ${Math.round((performance.now() - began) / 1_000)} s`);
}

/** What is particular about a cluster. */
export interface SeveralOptions {
  readonly name: string;
  /** How many control planes; three unless told. */
  readonly masters?: 1 | 3;
  /** Without one the control planes run everything. */
  readonly workers: 0 | 1;
  /** Flags of `cluster create` beside those that say how many machines there are. */
  readonly flags: readonly string[];
  /** Changes of the generated configuration, after the one that names the registry. */
  readonly patch?: readonly PatchOperation[];
  /** Images of the project that are served too. */
  readonly built?: readonly BuiltImage[];
}

/** Control planes and, if there is one, a worker. */
export class SeveralMachines implements AsyncDisposable {
  readonly #replaced = new Set<string>();

  private constructor(
    readonly name: string,
    /** The addresses of the control planes. */
    readonly masters: readonly string[],
    readonly workers: 0 | 1,
    readonly served: ServedImages,
    readonly user: Talosctl,
    readonly kubectl: Kubectl,
    private readonly all: AsyncDisposableStack,
  ) {}

  /** Creates them and waits until they are well; the registry's files are in `directory`. */
  static async create(
    directory: string,
    { name, masters = 3, workers, flags, built, patch = [] }: SeveralOptions,
  ): Promise<SeveralMachines> {
    await using started = new AsyncDisposableStack();
    const served = started.use(await serveClusterImages(join(directory, "registry"), [], built));
    const user = started.use(await Talosctl.make(""));
    const images = served.images.map(({ name }) => name);
    const patches = [...parsePatch(registryPatch(served.registry, images)), ...patch];
    const kubeconfig = join(user.home, "kubeconfig");
    const began = performance.now();
    started.defer(async () => void await user.run(["cluster", "destroy", "--name", name]));
    const created = await user.run([
      ...["cluster", "create", "--name", name],
      ...["--masters", `${masters}`, "--workers", `${workers}`],
      ...["--memory", "3072", "--wait-timeout", `${CREATE_MINUTES}m`, ...flags],
      ...["--config-patch", JSON.stringify(patches)],
    ], { KUBECONFIG: kubeconfig });
    say(created.stderr);
    assert.equal(created.code, 0, created.stderr);
    say(`Ready after ${Math.round((performance.now() - began) / 1_000)} s`);
    return new SeveralMachines(
      name,
      MASTERS.slice(0, masters),
      workers,
      served,
      user,
      new Kubectl(served.kubectl, kubeconfig),
      started.move(),
    );
  }

  /** The control planes' names. */
  get masterNames(): string[] {
    return this.masters.map((_, index) => `${this.name}-master-${index + 1}`);
  }

  /** All addresses, in the order of the names. */
  get addresses(): readonly string[] {
    return ADDRESSES.slice(0, this.masters.length + this.workers);
  }

  /** All names, sorted. */
  get names(): string[] {
    return [...this.masterNames, ...this.workers === 0 ? [] : [`${this.name}-worker-1`]];
  }

  /** The names of the nodes that are Ready, sorted. */
  async readyNodes(): Promise<string[]> {
    interface Node {
      readonly metadata: { readonly name: string };
      readonly status: { readonly conditions: readonly { type: string; status: string }[] };
    }
    const { items } = await this.kubectl.get("nodes") as { items: readonly Node[] };
    return items.filter(({ status }) =>
      status.conditions.some(({ type, status }) => type === "Ready" && status === "True")
    ).map(({ metadata }) => metadata.name).toSorted();
  }

  /** The control planes' names as the etcd of one lists them. */
  async memberNames(): Promise<string[]> {
    const asked = this.masters.at(-1)!;
    const table = await this.user.print(["-n", asked, "etcd", "members"]);
    return (table.trimEnd().split(/\s+/).at(-1) ?? "").split(",").toSorted();
  }

  /** The id of each control plane's member, by the machine's address; all of them vote. */
  async members(): Promise<Map<string, string>> {
    const rows = await this.#etcdStatus(this.masters);
    assert.ok(rows.every((row) => row.includes("false")), rows.join("\n"));
    return new Map(rows.map(([address, id]) => [address ?? "", id ?? ""]));
  }

  /** The id of the member that leads, as all these machines have it. */
  async leader(addresses: readonly string[] = this.masters): Promise<string> {
    const leaders = new Set((await this.#etcdStatus(addresses)).map((row) => row[4]));
    assert.equal(leaders.size, 1, [...leaders].join());
    return [...leaders][0]!;
  }

  async #etcdStatus(addresses: readonly string[]): Promise<string[][]> {
    const table = await this.user.print(["-n", addresses.join(), "etcd", "status"]);
    const rows = table.trimEnd().split("\n").slice(1).map((line) => line.split(/\s{2,}/));
    assert.equal(rows.length, addresses.length, table);
    return rows;
  }

  /** Writes the note, an object that has to outlive what is done to machines; gives its identity. */
  async write(written: string): Promise<string> {
    await this.kubectl.apply({
      ...{ apiVersion: "v1", kind: "ConfigMap", data: { written } },
      metadata: { name: "note", namespace: "default" },
    });
    return (await this.note()).uid;
  }

  async note(): Promise<{ readonly uid: string; readonly written: string }> {
    const { metadata, data } = await this.kubectl.get("configmap", "note", "-n", "default");
    return { uid: metadata.uid, written: data.written };
  }

  /** What a machine's console has shown. */
  async console(machine: string): Promise<string> {
    return await Deno.readTextFile(join(this.#directoryOf(machine), "console.log"));
  }

  /** Pulls the cable of a machine's network, or puts it in again. */
  async plug(machine: string, plugged: boolean): Promise<void> {
    const monitor = join(this.#directoryOf(machine), "monitor.sock");
    await tellMonitor(monitor, "set_link", { name: "net", up: plugged });
  }

  /** Ends a machine at once, as if its power went. */
  async kill(machine: string): Promise<void> {
    Deno.kill(await this.#pid(machine), "SIGKILL");
  }

  /**
   * Learns how a machine was started that runs now; what is given starts it once more, when it is off,
   * with blank disks: another machine in its place.
   */
  async replacement(machine: string): Promise<() => Promise<void>> {
    const cmdline = await Deno.readTextFile(`/proc/${await this.#pid(machine)}/cmdline`);
    const [program = "", ...args] = cmdline.split("\0").slice(0, -1);
    return async () => {
      for (const disk of ["disk.raw", "state.raw"]) {
        const path = join(this.#directoryOf(machine), disk);
        await blankDisk(path, (await Deno.stat(path)).size);
      }
      await run(program, args);
      this.#replaced.add(machine);
    };
  }

  async #pid(machine: string): Promise<number> {
    return Number(await Deno.readTextFile(join(this.#directoryOf(machine), "qemu.pid")));
  }

  /** Where a machine's process, disks and console are. */
  #directoryOf(machine: string): string {
    return join(this.user.home, ".talos", "clusters", this.name, machine);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // `cluster destroy` ends what it has recorded.
    for (const machine of this.#replaced) await this.kill(machine);
    await this.all.disposeAsync();
  }
}
