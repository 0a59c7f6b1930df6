/** What a user of the cluster runs: two pods behind a Service, and a third that asks them. */
import { AGNHOST, type ClusterUsers } from "./kubernetes.ts";

const PORT = 8080;
const LABELS = { app: "web" };
const CONTAINER = {
  name: "agnhost",
  image: AGNHOST,
  args: ["netexec", `--http-port=${PORT}`],
  readinessProbe: {
    httpGet: { path: "/healthz", port: PORT },
    periodSeconds: 2,
    timeoutSeconds: 10,
  },
};

/** The objects, all in the namespace `default`. */
export const WORKLOAD = [
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas: 2,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { containers: [CONTAINER] } },
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web" },
    spec: { selector: LABELS, ports: [{ port: 80, targetPort: PORT }] },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "client" },
    spec: { containers: [CONTAINER] },
  },
] as const;

/** Has the third pod ask `host` for its name until each that answers was heard; gives the names. */
export async function askThrough(
  { kubectl }: Pick<ClusterUsers, "kubectl">,
  host: string,
): Promise<string[]> {
  const query = new URLSearchParams({
    ...{ host, port: "80", protocol: "http", request: "hostname", tries: "10" },
  });
  const path = `/api/v1/namespaces/default/pods/client:${PORT}/proxy/dial?${query}`;
  const { responses = [], errors = [] } = JSON.parse(await kubectl.print(["get", "--raw", path]));
  if (errors.length > 0) throw new Error(`Cannot reach ${host}: ${errors.join("; ")}`);
  return [...new Set<string>(responses)];
}

/** Waits until every pod of it is ready. */
export async function untilRuns({ kubectl, until }: ClusterUsers): Promise<void> {
  await until(async () => {
    await kubectl.print(["rollout", "status", "deployment/web", "--timeout=30s"]);
    await kubectl.print(["wait", "pod/client", "--for=condition=Ready", "--timeout=30s"]);
  });
}

/** The ids of its containers, by pod: another one is a container that was started anew. */
export async function containersOf(
  { kubectl }: Pick<ClusterUsers, "kubectl">,
): Promise<Record<string, string[]>> {
  const { items } = await kubectl.get("-n", "default", "pods");
  // deno-lint-ignore no-explicit-any
  return Object.fromEntries(items.map(({ metadata, status }: any) => [
    metadata.uid,
    // deno-lint-ignore no-explicit-any
    status.containerStatuses.map(({ containerID }: any) => containerID),
  ]));
}
