import {
  condition,
  isNode,
  type KubeNode,
  type KubePod,
  type Members,
  membersOf,
  podReady,
} from "$lib/health/mod.ts";
import type { NodeConfig } from "../machine_configs.ts";
import {
  changeImage,
  type Component,
  CONTROL_PLANE,
  type ImageChange,
  imageRelease,
  KUBELET,
  PROXY,
} from "./image.ts";
import { parseRelease, pathFault, type Release, releaseText } from "./path.ts";
import { type DaemonSet, rolloutFault } from "./rollout.ts";
import { waitUntil } from "./wait.ts";

/** What an upgrade reads and changes. */
export interface UpgradeDeps {
  /** The configuration of one node. */
  config(node: string): Promise<NodeConfig>;
  nodes(): Promise<readonly KubeNode[]>;
  /** The pods of the control plane. */
  pods(): Promise<readonly KubePod[]>;
  /** kube-proxy's daemon set; undefined where it is switched off. */
  proxy(): Promise<DaemonSet | undefined>;
  setProxyImage(container: string, image: string): Promise<void>;
  say(line: string): void;
}

/** What is upgraded, and how patiently. */
export interface UpgradeOptions {
  readonly from: Release;
  readonly to: Release;
  readonly dryRun: boolean;
  /** How long one component of one node may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly pollMs?: number;
}

/**
 * Upgrades Kubernetes component by component, each node after node: changes the image in the node's
 * configuration and waits until what runs is replaced. What is there already is left alone, so that
 * an upgrade which was cut off goes on where it stopped. @throws {Error}
 */
export async function upgradeKubernetes(deps: UpgradeDeps, options: UpgradeOptions): Promise<void> {
  const fault = pathFault(options.from, options.to);
  if (fault) throw new Error(fault);
  const nodes = await deps.nodes();
  const members = membersOf(nodes);
  if (members.controlPlane.length === 0) {
    throw new Error("Cannot upgrade Kubernetes: it knows no control plane node");
  }
  await checkRunning(deps, options);
  deps.say(`discovered control plane nodes ${quoted(members.controlPlane)}`);
  if (members.workers.length > 0) deps.say(`discovered worker nodes ${quoted(members.workers)}`);
  for (const component of CONTROL_PLANE) {
    deps.say(`updating "${component.name}" to version "${releaseText(options.to)}"`);
    for (const node of members.controlPlane) await upgradePod(deps, options, component, node);
  }
  await upgradeProxy(deps, options, members);
  await upgradeKubelets(deps, options, members);
}

function quoted(names: readonly string[]): string {
  return `[${names.map((name) => `"${name}"`).join(" ")}]`;
}

/** What runs has to be on the way too: `--from` may be a slip. */
async function checkRunning(deps: UpgradeDeps, { to }: UpgradeOptions): Promise<void> {
  for (const { metadata, spec } of await deps.pods()) {
    const running = imageRelease(spec?.containers?.[0]?.image ?? "");
    if (!running) continue;
    const fault = pathFault(parseRelease(running), to);
    if (fault) throw new Error(`Cannot upgrade ${metadata.name}: ${fault}`);
  }
}

async function upgradePod(
  deps: UpgradeDeps,
  options: UpgradeOptions,
  component: Component,
  node: string,
): Promise<void> {
  const { after } = await patch(deps, options, component, node);
  if (options.dryRun) return;
  const say = (line: string): void => deps.say(` > "${node}": ${line}`);
  say(`waiting for ${component.name} pod update`);
  await waitUntil(`the new ${component.name} on ${node}`, async () => {
    const name = (await deps.nodes()).find((one) => isNode(one, node))?.metadata.name ?? node;
    const found = (await deps.pods()).filter(({ metadata, spec }) =>
      spec?.nodeName === name && metadata.labels?.["k8s-app"] === component.name
    );
    const pod = found.find(({ spec }) => spec?.containers?.[0]?.image === after);
    if (!pod) return `${component.name}: waiting, pod does not run "${after}" yet`;
    return podReady(pod) ? undefined : `${component.name}: waiting, pod is not ready`;
  }, { ...options, say });
  deps.say(` < "${node}": successfully updated`);
}

/** Changes a component's image in one node's configuration. */
async function patch(
  deps: UpgradeDeps,
  { to, dryRun }: UpgradeOptions,
  component: Component,
  node: string,
): Promise<ImageChange> {
  deps.say(` > "${node}": starting update`);
  const config = await deps.config(node);
  const change = changeImage(config.text, component, to);
  const where = `${component.section.join(".")}.image`;
  if (change.before === change.after) {
    deps.say(` > "${node}": ${where} is "${change.after}" already`);
  } else if (dryRun) {
    const before = change.before === "" ? "the default" : `"${change.before}"`;
    deps.say(` > "${node}": would change ${where} from ${before} to "${change.after}"`);
  } else {
    await config.apply(change.text, { immediate: true, onReboot: false });
    deps.say(` > "${node}": machine configuration patched`);
  }
  return change;
}

async function upgradeProxy(
  deps: UpgradeDeps,
  options: UpgradeOptions,
  members: Members,
): Promise<void> {
  const found = await deps.proxy();
  if (!found) return deps.say("kube-proxy skipped: it is switched off");
  deps.say(`updating daemonset "kube-proxy" to version "${releaseText(options.to)}"`);
  let image = "";
  // The manifest that is applied again after a reboot comes from the configuration.
  for (const node of members.controlPlane) {
    image = (await patch(deps, options, PROXY, node)).after;
  }
  if (options.dryRun) return;
  const [container] = found.spec?.template?.spec?.containers ?? [];
  if (container && container.image !== image) await deps.setProxyImage(container.name, image);
  await waitUntil("the new kube-proxy", async () => rolloutFault(await deps.proxy(), image), {
    ...options,
    say: (line) => deps.say(` > kube-proxy: ${line}`),
  });
  deps.say(" < kube-proxy: successfully updated");
}

async function upgradeKubelets(
  deps: UpgradeDeps,
  options: UpgradeOptions,
  members: Members,
): Promise<void> {
  const version = `v${releaseText(options.to)}`;
  deps.say(`updating kubelet to version "${releaseText(options.to)}"`);
  for (const node of [...members.controlPlane, ...members.workers]) {
    const say = (line: string): void => deps.say(` > "${node}": ${line}`);
    if (!await patchKubelet(deps, options, node)) {
      say(`the kubelet is replaced with the next reboot: talosctl -n ${node} reboot`);
      continue;
    }
    if (options.dryRun) continue;
    say("waiting for node update");
    await waitUntil(`the new kubelet on ${node}`, async () => {
      const found = (await deps.nodes()).find((one) => isNode(one, node));
      const running = found?.status?.nodeInfo?.kubeletVersion ?? "nothing";
      if (running !== version) return `kubelet: waiting, node runs ${running}`;
      const ready = condition(found?.status?.conditions, "Ready");
      return ready ? undefined : "kubelet: waiting, node is not ready";
    }, { ...options, say });
    deps.say(` < "${node}": successfully updated`);
  }
}

/** Changes the kubelet's image; false where the node takes it up with a reboot only. */
async function patchKubelet(
  deps: UpgradeDeps,
  options: UpgradeOptions,
  node: string,
): Promise<boolean> {
  try {
    await patch(deps, options, KUBELET, node);
    return true;
  } catch (error) {
    if (!/immediate mode/.test(String(error))) throw error;
    const config = await deps.config(node);
    const { text } = changeImage(config.text, KUBELET, options.to);
    await config.apply(text, { immediate: false, onReboot: true });
    return false;
  }
}
