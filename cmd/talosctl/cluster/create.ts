import { join, resolve } from "node:path";
import type { Credentials } from "$lib/talosconfig/mod.ts";
import { SECRET, writeWhole } from "../files.ts";
import type { Host } from "../host.ts";
import type { Target } from "../target.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { hasStateDisk } from "./boot.ts";
import { checkDisk, checkSource, qemuBoot, servedFiles } from "./boot_files.ts";
import { bringUp } from "./bring_up.ts";
import { findFirmware } from "./firmware.ts";
import { generate, readGenerated, writeContext } from "./generate.ts";
import type { HostOrder, HostPorts } from "./host_order.ts";
import { launchHostProcess, launchQemu, launchUplink, requireQemu } from "./launch.ts";
import { API_SERVER_PORT, canListen, freeLoopback } from "./loopback.ts";
import type { CreateOptions } from "./options.ts";
import type { ProcessMark } from "./process.ts";
import {
  addressArgument,
  endpoints,
  isShared,
  mastersOf,
  networkState,
  planNodes,
  stagesOf,
} from "./plan.ts";
import { NODE_FILES, nodeCmdline, type QemuBoot, qemuProgram } from "./qemu.ts";
import { type ClusterState, findState, type NodeState, saveState } from "./state.ts";
import { SWITCH } from "./uplink.ts";
import {
  handConfiguration,
  waitForApi,
  waitForInstallation,
  waitForMaintenance,
  type WaitOptions,
} from "./wait.ts";

/** A cluster that runs. */
export interface CreatedCluster {
  readonly state: ClusterState;
  /** Name of its context in the talosconfig. */
  readonly context: string;
  /** The nodes' release; empty when they were not waited for. */
  readonly tag: string;
}

/** Creates a cluster. What is started is recorded at once, so that destroy finds it. */
export async function createCluster(host: Host, options: CreateOptions): Promise<CreatedCluster> {
  const { boot, directory, network, say } = options;
  await checkInputs(host, options);
  const firmware = boot.uefi ? await findFirmware(host.files) : undefined;
  const accelerator = options.accelerator === "auto"
    ? await chooseAccelerator(options.arch)
    : options.accelerator;
  const nodes = planNodes(options, network, (used) => freeLoopback(canListen, used));
  for (const { name } of nodes) {
    await host.files.mkdir(join(directory, name), { recursive: true, mode: 0o700 });
  }
  const record = await StateRecord.begin(host, directory, {
    provisioner: "qemu",
    name: options.name,
    network: networkState(options.name, network, nodes),
    nodes,
    processes: [],
  });
  const shared = isShared(nodes);
  const configFile = (name: string): string => join(directory, name, NODE_FILES.config);
  const served = await servedFiles(host, boot, nodes, configFile);
  const masters = mastersOf(nodes);
  const switchDirectory = join(directory, SWITCH);
  if (shared) await host.files.mkdir(switchDirectory, { recursive: true, mode: 0o700 });
  const ports = await launchIfNeeded(host, record, {
    files: served.files,
    pidFile: join(directory, shared ? SWITCH : nodes[0]?.name ?? "", NODE_FILES.pid),
    balanced: shared
      ? masters.map(({ address }) => ({ host: address, port: API_SERVER_PORT }))
      : [],
    network: shared ? switchDirectory : null,
  });
  const { inside, outside } = endpoints(
    nodes,
    network,
    shared ? ports?.balancerPort : undefined,
  );

  const { inputDirectory } = options;
  if (inputDirectory === undefined) say("generating PKI and tokens");
  const { configs, credentials } = inputDirectory === undefined
    ? await generate(options, nodes, inside)
    : await readGenerated(host, inputDirectory, options, nodes);
  for (const [name, text] of configs) {
    await writeWhole(host.files, configFile(name), text, SECRET);
  }
  const context = await writeContext(host, options, credentials, nodes);
  const talosconfig = { path: resolve(options.talosconfig), context };
  await record.add({ talosconfig, ...shared ? { endpoint: outside } : {} });

  const { arch } = options;
  const bootOf = (node: NodeState): QemuBoot => {
    const url = `http://${network.gateway}:${ports?.port}${served.start(node.name)}`;
    const more = addressArgument(node, network, nodes);
    const config = boot.handOver === "served" ? { config: url } : {};
    return qemuBoot(boot.source, { cmdline: nodeCmdline(arch, { ...config, more }), url });
  };
  if (shared) {
    const first = bootOf(nodes[0]!);
    const script = first.kind === "pxe" ? first.script : undefined;
    const uplink = { directory: switchDirectory, network, nodes, script };
    await record.started(await launchUplink(arch, uplink));
  }
  const machines = new Map<string, ProcessMark>();
  const { until, timeoutMs, signal } = options;
  const waiting = ({ name }: NodeState): WaitOptions => ({
    qemu: machines.get(name)!,
    console: () => host.files.readTextFile(join(directory, name, NODE_FILES.console)),
    ...{ timeoutMs, signal, say },
  });
  const untilApi = async (node: NodeState): Promise<string> => {
    const target = targetOf(credentials, node.address);
    const wait = boot.bootloader ? waitForInstallation : waitForApi;
    return await wait(target, waiting(node));
  };
  const start = async (node: NodeState): Promise<void> => {
    say(`starting ${node.name} at ${node.address} (${accelerator})`);
    const mark = await launchQemu(host, {
      ...{ node, arch, accelerator, network, boot: bootOf(node) },
      directory: join(directory, node.name),
      stateDisk: hasStateDisk(boot),
      userDisks: options.userDisks,
      ...firmware ? { firmware } : {},
      ...shared ? { switchDirectory } : {},
    });
    machines.set(node.name, await record.started(mark));
    if (boot.handOver === "served") return;
    // Before the next one starts: the network gives out addresses in the order they are asked for.
    if (boot.handOver === "left") {
      await waitForMaintenance(node.address, waiting(node));
      const flags = `--insecure --nodes ${node.address} --file ${configFile(node.name)}`;
      say(`${node.name} waits for its configuration: talosctl apply-config ${flags}`);
      return;
    }
    await handConfiguration(
      { address: node.address, config: configs.get(node.name) ?? "" },
      waiting(node),
    );
    say(`${node.name} has its configuration`);
  };
  const emulated = accelerator === "tcg" && until !== "started";
  const began = performance.now();
  let tag = "";
  for (const stage of stagesOf(nodes, { emulated, hostCpus: navigator.hardwareConcurrency })) {
    for (const node of stage) await start(node);
    if (until === "started") continue;
    // Workers have their API once the control plane signs for it.
    for (const node of mastersOf(stage)) tag = await untilApi(node);
    if (until === "api") continue;
    const founds = stage[0] === nodes[0];
    if (founds) say(`the API answers: Talos ${tag}`);
    const isLast = stage.at(-1) === nodes.at(-1);
    const kubeconfig = await bringUp(host, {
      ...options,
      kubeconfig: isLast ? options.kubeconfig : undefined,
      bootstraps: founds && !options.initNode,
      nodes: nodes.slice(0, machines.size),
      target: targetOf(credentials, masters[0]?.address ?? ""),
      machines: [...machines.values()],
      k8sEndpoint: inside === outside ? "" : outside,
      timeoutMs: timeoutMs - (performance.now() - began),
    });
    if (kubeconfig) await record.add({ kubeconfig });
  }
  return { state: record.state, context, tag };
}

/** The state of a cluster, saved with each change. */
class StateRecord {
  private constructor(
    readonly host: Host,
    readonly directory: string,
    public state: ClusterState,
  ) {}

  static async begin(host: Host, directory: string, state: ClusterState): Promise<StateRecord> {
    const record = new StateRecord(host, directory, state);
    await record.add({});
    return record;
  }

  async add(more: Partial<ClusterState>): Promise<void> {
    this.state = { ...this.state, ...more };
    await saveState(this.host.files, this.directory, this.state);
  }

  async started(mark: ProcessMark): Promise<ProcessMark> {
    await this.add({ processes: [...this.state.processes, mark] });
    return mark;
  }
}

/** Starts the process beside the machines, unless there is nothing for it to do. */
async function launchIfNeeded(
  host: Host,
  record: StateRecord,
  order: HostOrder,
): Promise<HostPorts | undefined> {
  if (order.network === null && Object.keys(order.files).length === 0) return undefined;
  const { mark, ...ports } = await launchHostProcess(host, record.directory, order);
  await record.started(mark);
  return ports;
}

function targetOf({ ca, crt, key }: Credentials, address: string): Target {
  return { endpoints: [address], nodes: [], ca, cert: crt, key };
}

/** @throws {Error} that says what to do when something that creating needs is missing. */
async function checkInputs(host: Host, options: CreateOptions): Promise<void> {
  if (await findState(host.files, options.directory)) {
    throw new Error(
      `Cannot create cluster "${options.name}": it exists, destroy it first or choose another --name`,
    );
  }
  await requireQemu(qemuProgram(options.arch));
  await checkSource(host.files, options.boot.source);
  await checkDisk(host.files, options);
}
