import { flag, parseDurationMs } from "$lib/cli/mod.ts";
import { KUBERNETES_VERSION } from "$lib/config/mod.ts";
import { kubeReader } from "$lib/health/mod.ts";
import { type KubeClient, TYPES } from "$lib/kube/mod.ts";
import type { Client } from "../client/client.ts";
import { KubeAccess } from "../health/kube_access.ts";
import { type NodeConfig, nodeConfigs } from "../machine_configs.ts";
import { command, type Session } from "../session.ts";
import { parseRelease } from "../upgrade_k8s/path.ts";
import type { DaemonSet } from "../upgrade_k8s/rollout.ts";
import { type UpgradeDeps, upgradeKubernetes } from "../upgrade_k8s/upgrade.ts";

/** `talosctl upgrade-k8s` */
export const upgradeK8sCommand = command({
  summary: "Upgrade Kubernetes control plane in the Talos cluster",
  description:
    `Command runs upgrade of Kubernetes components between specified versions, node by node.
An upgrade that was interrupted goes on where it stopped when it is started again.`,
  flags: {
    dryRun: flag.boolean("print what would be changed, change nothing"),
    endpoint: flag.string("the cluster control plane endpoint"),
    from: flag.string("the Kubernetes control plane version to upgrade from", { required: true }),
    to: flag.string("the Kubernetes control plane version to upgrade to", {
      fallback: KUBERNETES_VERSION,
    }),
    waitTimeout: flag.duration("timeout to wait for each component of each node", {
      fallback: parseDurationMs("15m"),
    }),
  },
  async run({ from, to, dryRun, endpoint, waitTimeout }, session: Session) {
    const options = {
      from: parseRelease(from),
      to: parseRelease(to),
      dryRun,
      timeoutMs: waitTimeout,
      signal: session.signal,
    };
    const all = await session.client();
    const [first] = all.nodes;
    // Any node of the cluster leads to all others.
    const client = first === undefined ? all : all.only(first);
    using access = new KubeAccess(client, endpoint);
    const kube = await access.client();
    await upgradeKubernetes(depsOf(session, client, kube), options);
  },
});

const PROXY = { namespace: "kube-system", name: "kube-proxy" };

function depsOf({ out, signal }: Session, client: Client, kube: KubeClient): UpgradeDeps {
  const reader = kubeReader(kube, signal);
  return {
    config: (node) => configOf(client.only(node), node),
    nodes: () => reader.nodes(),
    pods: () => reader.pods("tier=control-plane"),
    proxy: () => kube.find<DaemonSet>(TYPES.daemonSets, PROXY, { signal }),
    async setProxyImage(name, image) {
      const patch = { spec: { template: { spec: { containers: [{ name, image }] } } } };
      await kube.patch(TYPES.daemonSets, PROXY, patch, { kind: "strategic", signal });
    },
    say: (line) => out.line(line),
  };
}

async function configOf(client: Client, node: string): Promise<NodeConfig> {
  const request = { namespace: "", type: "machineconfig", id: "v1alpha1" };
  const [config] = await nodeConfigs(client, request);
  if (!config) throw new Error(`Cannot read the machine configuration of ${node}: it has none`);
  return config;
}
