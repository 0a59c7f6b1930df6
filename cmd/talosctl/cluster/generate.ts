import { join } from "node:path";
import {
  applyPatch,
  createAdminIdentity,
  createSecrets,
  encodeConfig,
  generateConfig,
  type MachineConfig,
  multierror,
  parseConfig,
  type PatchOperation,
  type SecretsBundle,
  validateConfig,
} from "$lib/config/mod.ts";
import {
  addContext,
  contextOf,
  type Credentials,
  credentials,
  mergeTalosconfig,
  openTalosconfig,
  saveTalosconfig,
  Talosconfig,
} from "$lib/talosconfig/mod.ts";
import { readText } from "../files.ts";
import type { Host } from "../host.ts";
import type { CreateOptions } from "./options.ts";
import { additionalSans, isShared, machineNetwork, mastersOf } from "./plan.ts";
import type { NodeState } from "./state.ts";

/** The configurations of a cluster's machines, by name, and the administrator's credentials. */
export interface Generated {
  readonly configs: ReadonlyMap<string, string>;
  readonly credentials: Credentials;
}

/** Makes the configurations, with the user's patch. `endpoint` is where the machines reach Kubernetes. */
export async function generate(
  { name, network, config: given, patch }: Pick<
    CreateOptions,
    "name" | "network" | "config" | "patch"
  >,
  nodes: readonly NodeState[],
  endpoint: string,
  kernelArguments: readonly string[],
): Promise<Generated> {
  const now = new Date();
  const secrets: SecretsBundle = await createSecrets({ now });
  const hasWorkers = nodes.some(({ type }) => type === "join");
  const configs = new Map(nodes.map((node) => {
    const generated = generateConfig(node.type, {
      clusterName: name,
      endpoint,
      secrets,
      additionalSans: additionalSans(node, nodes),
      installDisk: "/dev/vda",
      ...kernelArguments.length > 0 ? { installExtraKernelArgs: kernelArguments } : {},
      network: machineNetwork(node, network, nodes),
      // Without workers the control planes have to run everything.
      allowSchedulingOnMasters: !hasWorkers,
      ...given,
    });
    const config = isShared(nodes) ? patient(generated) : generated;
    return [node.name, patched(encodeConfig(config), patch)];
  }));
  const admin = await createAdminIdentity({ ca: secrets.ca, now });
  return { configs, credentials: { ca: secrets.ca.crt, ...admin } };
}

/** On an emulated machine etcd is late with its heartbeats for reasons that are none. */
const ETCD_PATIENCE = { "heartbeat-interval": "500", "election-timeout": "5000" } as const;
/** Likewise who leads in Kubernetes: whoever cannot renew its lease in time exits. */
export const LEADER_PATIENCE = {
  "leader-elect-lease-duration": "180s",
  "leader-elect-renew-deadline": "150s",
  "leader-elect-retry-period": "5s",
} as const;

/** A control plane that elects no new leaders because a busy host kept one waiting. */
function patient(config: MachineConfig): MachineConfig {
  const { etcd, controllerManager, scheduler } = config.cluster;
  if (!etcd) return config;
  const slower = (component: typeof scheduler) => ({
    ...component,
    extraArgs: { ...LEADER_PATIENCE, ...component?.extraArgs },
  });
  return {
    ...config,
    cluster: {
      ...config.cluster,
      etcd: { ...etcd, extraArgs: { ...ETCD_PATIENCE, ...etcd.extraArgs } },
      controllerManager: slower(controllerManager),
      scheduler: slower(scheduler),
    },
  };
}

/**
 * The configurations and the credentials that `gen config` left in a directory. The files were made
 * for an endpoint of the user's: what that needs is in them. The machines get names of their own.
 */
export async function readGenerated(
  { files }: Pick<Host, "files">,
  directory: string,
  { patch }: Pick<CreateOptions, "patch">,
  nodes: readonly NodeState[],
): Promise<Generated> {
  const configs = new Map<string, string>();
  for (const { name, type } of nodes) {
    const config = await readText(files, join(directory, `${type}.yaml`));
    configs.set(name, patched(config, patch));
  }
  const talosconfig = Talosconfig.parse(await readText(files, join(directory, "talosconfig")));
  return { configs, credentials: credentials(talosconfig.current, talosconfig.select()) };
}

/** A patch that breaks the configuration is told here: the node would only say so on its console. */
function patched(config: string, patch: readonly PatchOperation[]): string {
  if (patch.length === 0) return config;
  const text = applyPatch(config, patch);
  const { errors } = validateConfig(parseConfig(text), { mode: "metal" });
  if (errors.length === 0) return text;
  throw new Error(`Cannot use --config-patch: ${multierror(errors)}`);
}

/**
 * Adds the cluster's context to the talosconfig; a name that is taken gets an index. Control planes are
 * the endpoints; nodes are as these know them.
 */
export async function writeContext(
  host: Host,
  { name, talosconfig, say }: Pick<CreateOptions, "name" | "talosconfig" | "say">,
  identity: Credentials,
  nodes: readonly NodeState[],
): Promise<string> {
  const endpoints = mastersOf(nodes).map(({ address }) => address);
  const first = isShared(nodes) ? nodes[0]?.ip : nodes[0]?.address;
  const context = contextOf(identity, { endpoints, nodes: first === undefined ? [] : [first] });
  const base = await openTalosconfig(host.files, talosconfig);
  const added = addContext(Talosconfig.empty(), name, context);
  const { config, renames } = mergeTalosconfig(base, added);
  for (const { from, to } of renames) say(`renamed talosconfig context "${from}" -> "${to}"`);
  await saveTalosconfig(host.files, talosconfig, config);
  return config.current;
}
