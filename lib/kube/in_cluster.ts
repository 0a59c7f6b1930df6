import type { SecureTarget } from "$lib/secure_http/mod.ts";

/** What a pod needs to find its API server; `Deno` fits. */
export interface PodFiles {
  readTextFile(path: string): Promise<string>;
  readonly env: { get(name: string): string | undefined };
}

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The API server of the cluster that this pod runs in, as the pod's service account. @throws {Error} outside a pod */
export async function inCluster({ readTextFile, env }: PodFiles): Promise<SecureTarget> {
  const host = env.get("KUBERNETES_SERVICE_HOST");
  const port = env.get("KUBERNETES_SERVICE_PORT");
  if (!host || !port) {
    throw new Error(
      "Cannot find the API server: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, as they are in a pod",
    );
  }
  return {
    url: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: await readTextFile(`${ACCOUNT}/ca.crt`),
    token: async () => (await readTextFile(`${ACCOUNT}/token`)).trim(),
  };
}
