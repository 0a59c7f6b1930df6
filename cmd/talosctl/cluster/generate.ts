import { join } from "node:path";
import {
  applyPatch,
  createAdminIdentity,
  createSecrets,
  encodeConfig,
  generateConfig,
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
import type { NodeState } from "./state.ts";

/** The node's configuration, with the user's patch, and the administrator's credentials. */
export async function generate(
  { name, config, patch }: Pick<CreateOptions, "name" | "config" | "patch">,
  node: NodeState,
): Promise<{ config: string; credentials: Credentials }> {
  const now = new Date();
  const secrets: SecretsBundle = await createSecrets({ now });
  const generated = generateConfig(node.type, {
    clusterName: name,
    endpoint: `https://${node.address}:6443`,
    secrets,
    additionalSans: [node.address],
    installDisk: "/dev/vda",
    network: { hostname: node.name },
    // The one node of the cluster has to run everything.
    allowSchedulingOnMasters: true,
    ...config,
  });
  const admin = await createAdminIdentity({ ca: secrets.ca, now });
  return {
    config: patched(encodeConfig(generated), patch),
    credentials: { ca: secrets.ca.crt, ...admin },
  };
}

/**
 * The configuration and the credentials that `gen config` left in a directory. The files were made
 * for an endpoint of the user's: what that needs is in them.
 */
export async function readGenerated(
  { files }: Pick<Host, "files">,
  directory: string,
  { patch }: Pick<CreateOptions, "patch">,
  node: NodeState,
): Promise<{ config: string; credentials: Credentials }> {
  const config = await readText(files, join(directory, `${node.type}.yaml`));
  const talosconfig = Talosconfig.parse(await readText(files, join(directory, "talosconfig")));
  return {
    config: patched(config, patch),
    credentials: credentials(talosconfig.current, talosconfig.select()),
  };
}

/** A patch that breaks the configuration is told here: the node would only say so on its console. */
function patched(config: string, patch: readonly PatchOperation[]): string {
  if (patch.length === 0) return config;
  const text = applyPatch(config, patch);
  const { errors } = validateConfig(parseConfig(text), { mode: "metal" });
  if (errors.length === 0) return text;
  throw new Error(`Cannot use --config-patch: ${multierror(errors)}`);
}

/** Adds the cluster's context to the talosconfig; a name that is taken gets an index. */
export async function writeContext(
  host: Host,
  { name, talosconfig, say }: Pick<CreateOptions, "name" | "talosconfig" | "say">,
  identity: Credentials,
  address: string,
): Promise<string> {
  const context = contextOf(identity, { endpoints: [address], nodes: [address] });
  const base = await openTalosconfig(host.files, talosconfig);
  const added = addContext(Talosconfig.empty(), name, context);
  const { config, renames } = mergeTalosconfig(base, added);
  for (const { from, to } of renames) say(`renamed talosconfig context "${from}" -> "${to}"`);
  await saveTalosconfig(host.files, talosconfig, config);
  return config.current;
}
