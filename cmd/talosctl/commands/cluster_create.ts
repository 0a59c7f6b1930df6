import { join } from "node:path";
import { flag, parseDurationMs, UsageError, type Values } from "$lib/cli/mod.ts";
import {
  checkEndpoint,
  type GenerateInput,
  parsePatch,
  parseRegistryMirror,
} from "$lib/config/mod.ts";
import { chooseBoot, hasStateDisk } from "../cluster/boot.ts";
import { createCluster } from "../cluster/create.ts";
import { FORMER_FLAGS, formerFlagNotes } from "../cluster/former_flags.ts";
import { type ClusterNetwork, DEFAULT_NETWORK, planNetwork } from "../cluster/network.ts";
import { MAX_NODES } from "../cluster/plan.ts";
import type { Milestone } from "../cluster/options.ts";
import { parseUserDisk, userDisksConfig } from "../cluster/user_disks.ts";
import { defaultKubeconfigPath } from "../kubeconfig_file.ts";
import { command, type Session } from "../session.ts";
import { place, show } from "./_cluster.ts";

const HOST_ARCH = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
const ACCELERATORS = ["kvm", "hvf", "tcg"] as const;

/** Memory of a node in MiB, with Kubernetes and without. */
const MEMORY = { kubernetes: 4096, bare: 2048 } as const;

const FLAGS = {
  arch: flag.string("cluster architecture", { fallback: HOST_ARCH, choices: ["amd64", "arm64"] }),
  accelerator: flag.string("what runs the guest's instructions", {
    fallback: "auto",
    choices: ["auto", "kvm", "hvf", "tcg"],
  }),
  cidr: flag.string("CIDR of the cluster network", { fallback: DEFAULT_NETWORK.cidr }),
  configPatch: flag.string("patch generated machineconfigs (RFC 6902, JSON or YAML)"),
  cpus: flag.float("the share of CPUs as fraction (each container/VM)", { fallback: 2 }),
  crashdump: flag.boolean("print debug crashdump to stderr when cluster startup fails"),
  customCniUrl: flag.string("install custom CNI from the URL (Talos cluster)"),
  disk: flag.int("default limit on disk size in MB (each VM)", { fallback: 10240 }),
  diskImagePath: flag.string("disk image to start machines from (made by 'deno task disk')"),
  dnsDomain: flag.string("the dns domain to use for cluster", { fallback: "cluster.local" }),
  encryptEphemeral: flag.boolean("enable ephemeral partition encryption"),
  encryptState: flag.boolean("enable state partition encryption"),
  endpoint: flag.string("use endpoint instead of provider defaults"),
  initrdPath: flag.string("initramfs image to use", { fallback: "dist/initramfs-${ARCH}.xz" }),
  inputDir: flag.string("location of pre-generated config files", { short: "i" }),
  installImage: flag.string("the installer image to use"),
  isoPath: flag.string("CD to start machines from (made by 'deno task iso')"),
  kubernetesVersion: flag.string("desired kubernetes version to run"),
  masters: flag.int("the number of masters to create", { fallback: 1 }),
  memory: flag.int("the limit on memory usage in MB (each container/VM)", {
    shownFallback: `${MEMORY.kubernetes}, or ${MEMORY.bare} with --skip-kubernetes`,
  }),
  mtu: flag.int("MTU of the cluster network", { fallback: DEFAULT_NETWORK.mtu }),
  nameservers: flag.list("list of nameservers to use", { shownFallback: "those of this host" }),
  pxe: flag.string("directory to start machines from by iPXE (made by 'deno task pxe')"),
  registryInsecureSkipVerify: flag.list(
    "list of registry hostnames to skip TLS verification for",
  ),
  registryMirror: flag.list(
    "list of registry mirrors to use in format: <registry host>=<mirror URL>",
  ),
  skipInjectingConfig: flag.boolean(
    "leave machines without a configuration, and tell where theirs is and how to apply it",
  ),
  skipKubeconfig: flag.boolean("skip merging kubeconfig from the created cluster"),
  skipKubernetes: flag.boolean(
    "create the machine only: wait for the Talos API, bootstrap nothing",
  ),
  talosVersion: flag.string(
    "the desired Talos version to generate config for (if not set, defaults to image version)",
  ),
  useVip: flag.boolean(
    "use a virtual IP for the controlplane endpoint instead of the loadbalancer",
  ),
  userDisk: flag.list(
    "list of disks to create for each VM in format: <mount_point1>:<size1>:<mount_point2>:<size2>",
  ),
  vmlinuzPath: flag.string("the compressed kernel image to use", {
    fallback: "dist/vmlinuz-${ARCH}",
  }),
  wait: flag.boolean("wait for the cluster to be ready before returning", { fallback: true }),
  waitTimeout: flag.duration("timeout to wait for the cluster to be ready", {
    fallback: parseDurationMs("20m"),
  }),
  withApplyConfig: flag.boolean("apply the configurations to machines in maintenance mode"),
  withBootloader: flag.undecided(
    "have machines run from their own disk, to which they install themselves",
    "true where they start from a CD, a disk image or by iPXE",
  ),
  withDebug: flag.boolean("enable debug in Talos config to send service logs to the console"),
  withInitNode: flag.boolean("create the cluster with an init node"),
  withUefi: flag.undecided(
    "give machines UEFI instead of a BIOS",
    "true where they start from a CD, a disk image or by iPXE",
  ),
  workers: flag.int("the number of workers to create", { fallback: 0 }),
  ...FORMER_FLAGS,
} as const;

/** `talosctl cluster create` */
export const clusterCreateCommand = command({
  summary: "Creates a local QEMU based kubernetes cluster",
  flags: FLAGS,
  async run(flags, session: Session) {
    checkCounts(flags.masters, flags.workers);
    for (const note of formerFlagNotes(flags)) session.out.note(note);
    const network = clusterNetwork(flags);
    const { skipKubernetes, skipKubeconfig } = flags;
    const { name, directory } = place(session);
    const arch = flags.arch === "arm64" ? "arm64" : "amd64";
    const file = (path: string): string => path.replaceAll("${ARCH}", arch);
    const boot = chooseBoot({
      ...{ arch, withUefi: flags.withUefi, withBootloader: flags.withBootloader },
      ...{ vmlinuzPath: file(flags.vmlinuzPath), initrdPath: file(flags.initrdPath) },
      ...{ isoPath: file(flags.isoPath), diskImagePath: file(flags.diskImagePath) },
      ...{ pxe: flags.pxe, skipInjectingConfig: flags.skipInjectingConfig },
      withApplyConfig: flags.withApplyConfig,
    });
    const userDisks = flags.userDisk.map(parseUserDisk);
    const { out, host, signal } = session;
    const created = await createCluster(host, {
      name,
      directory,
      arch,
      accelerator: ACCELERATORS.find((known) => known === flags.accelerator) ?? "auto",
      masters: flags.masters,
      workers: flags.workers,
      cpus: Math.max(1, Math.round(flags.cpus)),
      memoryMib: flags.memory || (skipKubernetes ? MEMORY.bare : MEMORY.kubernetes),
      diskMib: flags.disk,
      userDisks,
      boot,
      initNode: flags.withInitNode,
      network,
      config: {
        ...generateInput(flags),
        ...userDisksConfig(userDisks, hasStateDisk(boot) ? 2 : 1),
      },
      inputDirectory: flags.inputDir === "" ? undefined : flags.inputDir,
      patch: flags.configPatch === "" ? [] : parsePatch(flags.configPatch),
      talosconfig: await session.talosconfigPath(),
      kubeconfig: skipKubeconfig ? undefined : defaultKubeconfigPath(host),
      crashdump: flags.crashdump,
      until: milestone(flags),
      timeoutMs: flags.waitTimeout,
      signal,
      say: (line) => out.note(line),
    });
    const { state, context, tag } = created;
    if (tag !== "" && skipKubernetes) out.note(`the API answers: Talos ${tag}`);
    for (const node of state.nodes) {
      out.note(`console: ${join(directory, node.name, "console.log")}`);
    }
    out.note(`context "${context}" is current, try: talosctl services`);
    if (state.kubeconfig) {
      out.note(
        `context "${state.kubeconfig.context}" of kubectl is current, try: kubectl get nodes`,
      );
    }
    show(session, state);
  },
});

/** @throws {UsageError} for a cluster that has no control plane, or more machines than this host takes */
function checkCounts(masters: number, workers: number): void {
  if (masters >= 1 && workers >= 0 && masters + workers <= MAX_NODES) return;
  throw new UsageError(
    `cannot create ${masters} masters and ${workers} workers: a cluster has at least one master, ` +
      `and at most ${MAX_NODES} nodes`,
  );
}

/** @throws {UsageError} for a network that the machines cannot have */
function clusterNetwork(flags: Values<typeof FLAGS>): ClusterNetwork {
  try {
    return planNetwork(flags);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

function milestone({ wait, skipKubernetes }: Values<typeof FLAGS>): Milestone {
  if (skipKubernetes) return wait ? "api" : "started";
  return wait ? "healthy" : "bootstrapped";
}

function generateInput(flags: Values<typeof FLAGS>): Partial<GenerateInput> {
  if (flags.endpoint !== "") checkEndpoint(flags.endpoint);
  const mirrors = flags.registryMirror.map(parseRegistryMirror);
  const unverified = flags.registryInsecureSkipVerify;
  return {
    dnsDomain: flags.dnsDomain,
    debug: flags.withDebug,
    ...encrypted(flags),
    ...(flags.customCniUrl === "" ? {} : { cni: { name: "custom", urls: [flags.customCniUrl] } }),
    ...text("endpoint", flags.endpoint),
    ...text("installImage", flags.installImage),
    ...text("kubernetesVersion", flags.kubernetesVersion.replace(/^v/, "")),
    ...text("talosVersion", flags.talosVersion),
    ...(mirrors.length === 0 ? {} : {
      registryMirrors: Object.fromEntries(
        mirrors.map(({ host, url }) => [host, { endpoints: [url] }]),
      ),
    }),
    ...(unverified.length === 0 ? {} : {
      registryConfig: Object.fromEntries(
        unverified.map((host) => [host, { tls: { insecureSkipVerify: true } }]),
      ),
    }),
  };
}

/** By a key that only the machine itself has. */
function encrypted(
  { encryptState, encryptEphemeral }: Values<typeof FLAGS>,
): Pick<GenerateInput, "systemDiskEncryption"> {
  if (!encryptState && !encryptEphemeral) return {};
  const encryption = { provider: "luks2", keys: [{ nodeID: {}, slot: 0 }] };
  return {
    systemDiskEncryption: {
      ...(encryptState ? { state: encryption } : {}),
      ...(encryptEphemeral ? { ephemeral: encryption } : {}),
    },
  };
}

function text<K extends string>(key: K, value: string): { [P in K]?: string } {
  return value === "" ? {} : { [key]: value } as { [P in K]?: string };
}
