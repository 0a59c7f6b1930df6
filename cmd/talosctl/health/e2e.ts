import { systemClock } from "$lib/clock/mod.ts";
import type { KubePod } from "$lib/health/mod.ts";
import { type KubeClient, type ResourceType, TYPES } from "$lib/kube/mod.ts";
import type { Client } from "../client/client.ts";
import { KubeAccess } from "./kube_access.ts";

/** What the end-to-end tests are run with. */
export interface E2eOptions {
  readonly client: Client;
  readonly k8sEndpoint: string;
  readonly say: (line: string) => void;
  readonly pollMs?: number;
}

const NAMES = { namespace: "talos-e2e", name: "e2e" } as const;
/** One test of Kubernetes' own that needs scheduling, images, the kubelet and watches. */
const FOCUS = "Pods should be submitted and removed";
const TIMEOUT_MS = 30 * 60_000;
const POLL_MS = 5_000;

const NAMESPACES = { apiVersion: "v1", plural: "namespaces", namespaced: false };
const ACCOUNTS = { apiVersion: "v1", plural: "serviceaccounts", namespaced: true };
const BINDINGS = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  plural: "clusterrolebindings",
  namespaced: false,
};

/** Runs a test of Kubernetes' conformance image in the cluster. @throws {Error} when it fails */
export async function runE2eTests({ client, k8sEndpoint, say, pollMs }: E2eOptions): Promise<void> {
  using access = new KubeAccess(client, k8sEndpoint);
  const [node] = await access.reader.nodes();
  const version = node?.status?.nodeInfo?.kubeletVersion;
  if (!version) throw new Error("Cannot run e2e tests: no node says which Kubernetes it runs");
  const kube = await access.client();
  say(`running e2e test "${FOCUS}" of Kubernetes ${version}`);
  await createObjects(kube, `registry.k8s.io/conformance:${version}`);
  const phase = await untilOver(kube, client.signal, say, pollMs ?? POLL_MS);
  if (phase !== "Succeeded") {
    throw new Error(
      `Cannot pass e2e tests: the pod ended as ${phase}, ` +
        `look at "kubectl -n ${NAMES.namespace} logs ${NAMES.name}"`,
    );
  }
  await removeObjects(kube);
  say("e2e test: OK");
}

async function createObjects(kube: KubeClient, image: string): Promise<void> {
  const { namespace, name } = NAMES;
  const metadata = { name, namespace };
  const create = async (type: ResourceType, kind: string, object: object): Promise<void> => {
    const place = type.namespaced ? { namespace } : {};
    const whole = { apiVersion: type.apiVersion, kind, ...object };
    // What an earlier run left is as good.
    if (await kube.find(type, { ...place, name: nameIn(object) })) return;
    await kube.create(type, place, whole);
  };
  await kube.delete(TYPES.pods, metadata);
  await create(NAMESPACES, "Namespace", { metadata: { name: namespace } });
  await create(ACCOUNTS, "ServiceAccount", { metadata });
  await create(BINDINGS, "ClusterRoleBinding", {
    metadata: { name: namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
  await create(TYPES.pods, "Pod", {
    metadata,
    spec: {
      serviceAccountName: name,
      restartPolicy: "Never",
      containers: [{
        name,
        image,
        env: [{ name: "E2E_FOCUS", value: FOCUS }, { name: "E2E_PARALLEL", value: "1" }],
      }],
    },
  });
}

function nameIn(object: object): string {
  return (object as { metadata: { name: string } }).metadata.name;
}

async function untilOver(
  kube: KubeClient,
  signal: AbortSignal,
  say: (line: string) => void,
  pollMs: number,
): Promise<string> {
  const deadline = performance.now() + TIMEOUT_MS;
  let told = "";
  while (performance.now() < deadline) {
    const phase = (await kube.find<KubePod>(TYPES.pods, NAMES))?.status?.phase ?? "gone";
    if (phase !== told) say(`e2e test: ${told = phase}`);
    if (phase !== "Pending" && phase !== "Running") return phase;
    await systemClock.sleep(pollMs, signal);
    signal.throwIfAborted();
  }
  return `${told} after ${TIMEOUT_MS / 60_000} minutes`;
}

async function removeObjects(kube: KubeClient): Promise<void> {
  await kube.delete(NAMESPACES, { name: NAMES.namespace });
  await kube.delete(BINDINGS, { name: NAMES.namespace });
}
