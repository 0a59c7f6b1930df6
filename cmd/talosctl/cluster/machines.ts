import { join } from "node:path";
import type { Credentials } from "$lib/talosconfig/mod.ts";
import type { Host } from "../host.ts";
import type { Target } from "../target.ts";
import { type Boot, hasStateDisk } from "./boot.ts";
import type { Generated } from "./generate.ts";
import { launchQemu } from "./launch.ts";
import type { CreateOptions } from "./options.ts";
import type { ProcessMark } from "./process.ts";
import { NODE_FILES, type QemuBoot, type QemuSpec } from "./qemu.ts";
import type { StateRecord } from "./record.ts";
import type { NodeState } from "./state.ts";
import {
  handConfiguration,
  waitForApi,
  waitForInstallation,
  waitForMaintenance,
  type WaitOptions,
} from "./wait.ts";

/** What the machines of a cluster have in common. */
export interface MachinesSpec
  extends
    Pick<CreateOptions, "timeoutMs" | "signal" | "say">,
    Pick<QemuSpec, "arch" | "accelerator" | "network" | "userDisks">,
    Generated {
  readonly boot: Boot;
  /** What QEMU starts each of them with. */
  readonly bootOf: (node: NodeState) => QemuBoot;
  readonly firmware: QemuSpec["firmware"];
  readonly switchDirectory: string | undefined;
  readonly record: StateRecord;
}

/** The machines of a cluster, as they are started. */
export class Machines {
  readonly #started = new Map<string, ProcessMark>();

  constructor(readonly host: Host, readonly spec: MachinesSpec) {}

  /** The processes of those that were started, in that order. */
  get marks(): readonly ProcessMark[] {
    return [...this.#started.values()];
  }

  /** Starts one, which gets its configuration or is left to wait for it. */
  async start(node: NodeState): Promise<void> {
    const { boot, bootOf, firmware, record, say, switchDirectory, ...spec } = this.spec;
    say(`starting ${node.name} at ${node.address} (${spec.accelerator})`);
    const mark = await launchQemu(this.host, {
      ...{ node, boot: bootOf(node), directory: join(record.directory, node.name) },
      ...{ arch: spec.arch, accelerator: spec.accelerator, network: spec.network },
      ...{ stateDisk: hasStateDisk(boot), userDisks: spec.userDisks },
      ...firmware ? { firmware } : {},
      ...switchDirectory ? { switchDirectory } : {},
    });
    this.#started.set(node.name, await record.started(mark));
    // Before the next one starts: the network gives out addresses in the order they are asked for.
    if (boot.handOver === "applied") await this.#apply(node);
    if (boot.handOver === "left") await this.#leave(node);
  }

  /** Waits until one answers, and where it is to run from its own disk, until it does; gives its release. */
  async untilApi(node: NodeState): Promise<string> {
    const wait = this.spec.boot.bootloader ? waitForInstallation : waitForApi;
    return await wait(targetOf(this.spec.credentials, node.address), this.#waiting(node));
  }

  async #apply(node: NodeState): Promise<void> {
    const config = this.spec.configs.get(node.name) ?? "";
    await handConfiguration({ address: node.address, config }, this.#waiting(node));
    this.spec.say(`${node.name} has its configuration`);
  }

  async #leave(node: NodeState): Promise<void> {
    await waitForMaintenance(node.address, this.#waiting(node));
    const file = configFile(this.spec.record.directory, node);
    const flags = `--insecure --nodes ${node.address} --file ${file}`;
    this.spec.say(`${node.name} waits for its configuration: talosctl apply-config ${flags}`);
  }

  #waiting({ name }: NodeState): WaitOptions {
    const { record, say, signal, timeoutMs } = this.spec;
    const console = join(record.directory, name, NODE_FILES.console);
    return {
      qemu: this.#started.get(name)!,
      console: () => this.host.files.readTextFile(console),
      ...{ timeoutMs, signal, say },
    };
  }
}

/** Where the configuration of a machine lies. */
export function configFile(directory: string, { name }: Pick<NodeState, "name">): string {
  return join(directory, name, NODE_FILES.config);
}

/** Calls to the machine at that address itself. */
export function targetOf({ ca, crt, key }: Credentials, address: string): Target {
  return { endpoints: [address], nodes: [], ca, cert: crt, key };
}
