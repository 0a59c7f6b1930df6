import { join, resolve } from "node:path";
import type { Credentials } from "$lib/talosconfig/mod.ts";
import { SECRET, statIfPresent, writeWhole } from "../files.ts";
import type { Host } from "../host.ts";
import type { Target } from "../target.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { bringUp } from "./bring_up.ts";
import { generate, readGenerated, writeContext } from "./generate.ts";
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
import { NODE_FILES, nodeCmdline, qemuProgram } from "./qemu.ts";
import { type ClusterState, findState, type NodeState, saveState } from "./state.ts";
import { SWITCH } from "./uplink.ts";
import { waitForApi } from "./wait.ts";

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
  const { directory, network, say } = options;
  await checkInputs(host, options);
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
  const paths = new Map(nodes.map(({ name }) => [name, `/${crypto.randomUUID()}/config.yaml`]));
  const configFile = (name: string): string => join(directory, name, NODE_FILES.config);
  const masters = mastersOf(nodes);
  const switchDirectory = join(directory, SWITCH);
  if (shared) await host.files.mkdir(switchDirectory, { recursive: true, mode: 0o700 });
  const hostProcess = await launchHostProcess(host, directory, {
    files: Object.fromEntries([...paths].map(([name, path]) => [path, configFile(name)])),
    pidFile: join(directory, shared ? SWITCH : nodes[0]?.name ?? "", NODE_FILES.pid),
    balanced: shared
      ? masters.map(({ address }) => ({ host: address, port: API_SERVER_PORT }))
      : [],
    network: shared ? switchDirectory : null,
  });
  await record.started(hostProcess.mark);
  const { inside, outside } = endpoints(
    nodes,
    network,
    shared ? hostProcess.balancerPort : undefined,
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
  if (shared) {
    const uplink = { arch, directory: switchDirectory, network, nodes };
    await record.started(await launchUplink(uplink));
  }
  const machines = new Map<string, ProcessMark>();
  const { until, timeoutMs, signal } = options;
  const untilApi = async (node: NodeState): Promise<string> => {
    const qemu = machines.get(node.name)!;
    const target = targetOf(credentials, node.address);
    const console = () => host.files.readTextFile(join(directory, node.name, NODE_FILES.console));
    return await waitForApi({ target, qemu, timeoutMs, signal, console, say });
  };
  const start = async (node: NodeState): Promise<void> => {
    say(`starting ${node.name} at ${node.address} (${accelerator})`);
    const url = `http://${network.gateway}:${hostProcess.port}${paths.get(node.name)}`;
    const mark = await launchQemu(host, {
      ...{ node, arch, accelerator, network },
      directory: join(directory, node.name),
      kernel: resolve(options.kernel),
      initrd: resolve(options.initrd),
      cmdline: nodeCmdline(arch, url, addressArgument(node, network, nodes)),
      ...shared ? { switchDirectory } : {},
    });
    machines.set(node.name, await record.started(mark));
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
  for (
    const [what, path, name] of [
      ["kernel", options.kernel, "vmlinuz-path"],
      ["initramfs", options.initrd, "initrd-path"],
    ] as const
  ) {
    if (await statIfPresent(host.files, path)) continue;
    throw new Error(
      `Cannot find the ${what} "${path}": build the image with "deno task image" or set --${name}`,
    );
  }
}
