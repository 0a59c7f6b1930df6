import { join, resolve } from "node:path";
import type { Credentials } from "$lib/talosconfig/mod.ts";
import { SECRET, statIfPresent, writeWhole } from "../files.ts";
import type { Host } from "../host.ts";
import type { Target } from "../target.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { bringUp } from "./bring_up.ts";
import { generate, readGenerated, writeContext } from "./generate.ts";
import { launchConfigServer, launchQemu, requireQemu } from "./launch.ts";
import { canListen, freeLoopback } from "./loopback.ts";
import type { CreateOptions } from "./options.ts";
import type { ProcessMark } from "./process.ts";
import { GUEST_ADDRESS, HOST_FROM_GUEST, NODE_FILES, nodeCmdline, qemuProgram } from "./qemu.ts";
import { type ClusterState, findState, type NodeState, saveState } from "./state.ts";
import { waitForApi } from "./wait.ts";

/** A cluster that runs. */
export interface CreatedCluster {
  readonly state: ClusterState;
  /** Name of its context in the talosconfig. */
  readonly context: string;
  /** The node's release; empty when it was not waited for. */
  readonly tag: string;
}

/** Creates a cluster of one node. What is started is recorded at once, so that destroy finds it. */
export async function createCluster(host: Host, options: CreateOptions): Promise<CreatedCluster> {
  const { directory, say } = options;
  await checkInputs(host, options);
  const accelerator = options.accelerator === "auto"
    ? await chooseAccelerator(options.arch)
    : options.accelerator;
  const address = freeLoopback(canListen);
  const node = nodeOf(options, address);
  const nodeDirectory = join(directory, node.name);
  await host.files.mkdir(nodeDirectory, { recursive: true, mode: 0o700 });
  let state = stateOf(options, node);
  await saveState(host.files, directory, state);
  const record = async (mark: ProcessMark): Promise<ProcessMark> => {
    state = { ...state, processes: [...state.processes, mark] };
    await saveState(host.files, directory, state);
    return mark;
  };

  const { inputDirectory } = options;
  if (inputDirectory === undefined) say("generating PKI and tokens");
  const { config, credentials } = inputDirectory === undefined
    ? await generate(options, node)
    : await readGenerated(host, inputDirectory, options, node);
  await writeWhole(host.files, join(nodeDirectory, NODE_FILES.config), config, SECRET);
  const context = await writeContext(host, options, credentials, address);
  state = { ...state, talosconfig: { path: resolve(options.talosconfig), context } };
  await saveState(host.files, directory, state);

  const path = `/${crypto.randomUUID()}/config.yaml`;
  const server = await launchConfigServer(host, nodeDirectory, path);
  await record(server.mark);
  say(`starting ${node.name} at ${address} (${accelerator})`);
  const qemu = await record(
    await launchQemu(host, {
      node,
      arch: options.arch,
      accelerator,
      directory: nodeDirectory,
      kernel: resolve(options.kernel),
      initrd: resolve(options.initrd),
      cmdline: nodeCmdline(options.arch, `http://${HOST_FROM_GUEST}:${server.port}${path}`),
    }),
  );
  const { until, timeoutMs, signal } = options;
  if (until === "started") return { state, context, tag: "" };
  const target = targetOf(credentials, address);
  const console = () => host.files.readTextFile(join(nodeDirectory, NODE_FILES.console));
  const tag = await waitForApi({ target, qemu, timeoutMs, signal, console, say });
  if (until === "api") return { state, context, tag };
  say(`the API answers: Talos ${tag}`);
  const kubeconfig = await bringUp(host, {
    ...{ ...options, target, qemu },
    name: node.name,
    address: GUEST_ADDRESS,
  });
  if (kubeconfig) {
    state = { ...state, kubeconfig };
    await saveState(host.files, directory, state);
  }
  return { state, context, tag };
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

function nodeOf(options: CreateOptions, address: string): NodeState {
  return {
    name: `${options.name}-master-1`,
    type: options.initNode ? "init" : "controlplane",
    address,
    cpus: options.cpus,
    memoryBytes: options.memoryMib * 2 ** 20,
    diskBytes: options.diskMib * 2 ** 20,
  };
}

function stateOf({ name }: CreateOptions, node: NodeState): ClusterState {
  return {
    provisioner: "qemu",
    name,
    // QEMU's user-mode network is the same for every machine and known to nobody else.
    network: { name: `${name} (user mode)`, cidr: "10.0.2.0/24", gateway: "10.0.2.2", mtu: 1500 },
    nodes: [node],
    processes: [],
  };
}
