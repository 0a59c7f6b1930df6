import { join, resolve } from "node:path";
import { SECRET, writeWhole } from "../files.ts";
import type { Host } from "../host.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { checkDisk, checkSource, qemuBoot, type ServedFiles, servedFiles } from "./boot_files.ts";
import { bringUp } from "./bring_up.ts";
import { findFirmware } from "./firmware.ts";
import { generate, type Generated, readGenerated, writeContext } from "./generate.ts";
import type { HostPorts } from "./host_order.ts";
import { launchHostProcess, launchUplink, requireQemu } from "./launch.ts";
import { API_SERVER_PORT, canListen, freeLoopback } from "./loopback.ts";
import { configFile, Machines, targetOf } from "./machines.ts";
import { type CreateOptions, foundsKubernetes } from "./options.ts";
import {
  addressArgument,
  endpoints,
  isShared,
  mastersOf,
  networkState,
  planNodes,
  stagesOf,
} from "./plan.ts";
import { EMULATED_ARGUMENTS, NODE_FILES, nodeCmdline, type QemuBoot, qemuProgram } from "./qemu.ts";
import { StateRecord } from "./record.ts";
import { type ClusterState, findState, type NodeState } from "./state.ts";
import { SWITCH } from "./uplink.ts";

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
  const { arch, boot, network, userDisks, timeoutMs, signal, say } = options;
  await checkInputs(host, options);
  const firmware = boot.uefi ? await findFirmware(host.files) : undefined;
  const accelerator = options.accelerator === "auto"
    ? await chooseAccelerator(arch)
    : options.accelerator;
  const nodes = planNodes(options, network, (used) => freeLoopback(canListen, used));
  const record = await begin(host, options, nodes);
  const beside = await launchBeside(host, record, options, nodes);
  const { switchDirectory } = beside;
  const where = endpoints(nodes, network, beside.ports?.balancerPort);
  // Of the kernel that is started, and of the releases that a machine installs.
  const emulated = accelerator === "tcg" ? EMULATED_ARGUMENTS : [];
  const generated = await configure(host, options, nodes, where.inside, emulated);
  const context = await writeContext(host, options, generated.credentials, nodes);
  await record.add({
    talosconfig: { path: resolve(options.talosconfig), context },
    ...switchDirectory ? { endpoint: where.outside } : {},
  });
  const bootOf = (node: NodeState): QemuBoot => {
    const url = `http://${network.gateway}:${beside.ports?.port}${beside.served.start(node.name)}`;
    const more = [...emulated, ...addressArgument(node, network, nodes)];
    const config = boot.handOver === "served" ? { config: url } : {};
    return qemuBoot(boot.source, { cmdline: nodeCmdline(arch, { ...config, more }), url });
  };
  if (switchDirectory) {
    const first = bootOf(nodes[0]!);
    const script = first.kind === "pxe" ? first.script : undefined;
    const uplink = { directory: switchDirectory, network, nodes, script };
    await record.started(await launchUplink(arch, uplink));
  }
  const machines = new Machines(host, {
    ...{ arch, accelerator, network, userDisks, boot, bootOf, firmware, switchDirectory },
    ...{ ...generated, record, timeoutMs, signal, say },
  });
  const tag = await startInStages(host, machines, options, nodes, where);
  return { state: record.state, context, tag };
}

/** Makes the machines' directories, and records what there is to be. */
async function begin(
  host: Host,
  { directory, name, network }: CreateOptions,
  nodes: readonly NodeState[],
): Promise<StateRecord> {
  for (const node of nodes) {
    await host.files.mkdir(join(directory, node.name), { recursive: true, mode: 0o700 });
  }
  return await StateRecord.begin(host, directory, {
    ...{ provisioner: "qemu", name, nodes, processes: [] },
    network: networkState(name, network, nodes),
  });
}

/** What runs on the host beside the machines. */
interface Beside {
  readonly served: ServedFiles;
  /** Absent where there is nothing to serve and nothing to balance. */
  readonly ports: HostPorts | undefined;
  /** Absent where there is only one machine. */
  readonly switchDirectory: string | undefined;
}

/** Starts the process beside the machines, unless there is nothing for it to do. */
async function launchBeside(
  host: Host,
  record: StateRecord,
  { boot, directory, until }: CreateOptions,
  nodes: readonly NodeState[],
): Promise<Beside> {
  const served = await servedFiles(host, boot, nodes, (name) => configFile(directory, { name }));
  const switchDirectory = isShared(nodes) ? join(directory, SWITCH) : undefined;
  if (switchDirectory) {
    await host.files.mkdir(switchDirectory, { recursive: true, mode: 0o700 });
  } else if (Object.keys(served.files).length === 0) {
    return { served, ports: undefined, switchDirectory };
  }
  const { mark, ...ports } = await launchHostProcess(host, directory, {
    files: served.files,
    pidFile: join(switchDirectory ?? join(directory, nodes[0]?.name ?? ""), NODE_FILES.pid),
    balanced: switchDirectory && foundsKubernetes(until)
      ? mastersOf(nodes).map(({ address }) => ({ host: address, port: API_SERVER_PORT }))
      : [],
    network: switchDirectory ?? null,
  });
  await record.started(mark);
  return { served, ports, switchDirectory };
}

/** Makes the machines' configurations, or takes those of the user; each is in its machine's directory. */
async function configure(
  host: Host,
  options: CreateOptions,
  nodes: readonly NodeState[],
  endpoint: string,
  kernelArguments: readonly string[],
): Promise<Generated> {
  const { directory, inputDirectory, say } = options;
  if (inputDirectory === undefined) say("generating PKI and tokens");
  const generated = inputDirectory === undefined
    ? await generate(options, nodes, endpoint, kernelArguments)
    : await readGenerated(host, inputDirectory, options, nodes);
  for (const [name, text] of generated.configs) {
    await writeWhole(host.files, configFile(directory, { name }), text, SECRET);
  }
  return generated;
}

/**
 * Whether workers reach trustd at their endpoint, which is then the first machine: with Kubernetes that tells
 * them where it is, and an endpoint of the user's, or one that is elected by etcd, may be nowhere yet.
 */
function workersFindTrustd({ until, inputDirectory, config, network }: CreateOptions): boolean {
  return !foundsKubernetes(until) && network.vip === undefined && config.endpoint === undefined &&
    inputDirectory === undefined;
}

/** Starts the machines, each stage once the one before is well, as far as is to be waited for. */
async function startInStages(
  host: Host,
  machines: Machines,
  options: CreateOptions,
  nodes: readonly NodeState[],
  { inside, outside }: ReturnType<typeof endpoints>,
): Promise<string> {
  const { say, timeoutMs, until } = options;
  const { accelerator, credentials, record } = machines.spec;
  const emulated = accelerator === "tcg" && until !== "started";
  const waitForAll = workersFindTrustd(options);
  const began = performance.now();
  let tag = "";
  for (const stage of stagesOf(nodes, { emulated, hostCpus: navigator.hardwareConcurrency })) {
    for (const node of stage) await machines.start(node);
    if (until === "started") continue;
    // Workers have their API once trustd of a control plane signs for it.
    for (const node of waitForAll ? stage : mastersOf(stage)) tag = await machines.untilApi(node);
    if (until === "api") continue;
    const founds = stage[0] === nodes[0];
    if (founds) say(`the API answers: Talos ${tag}`);
    const isLast = stage.at(-1) === nodes.at(-1);
    const kubeconfig = await bringUp(host, {
      ...options,
      kubeconfig: isLast ? options.kubeconfig : undefined,
      bootstraps: founds && !options.initNode,
      nodes: nodes.slice(0, machines.marks.length),
      target: targetOf(credentials, nodes[0]?.address ?? ""),
      machines: machines.marks,
      k8sEndpoint: inside === outside ? "" : outside,
      timeoutMs: timeoutMs - (performance.now() - began),
    });
    if (kubeconfig) await record.add({ kubeconfig });
  }
  return tag;
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
