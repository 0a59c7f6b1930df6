import { Buffer } from "node:buffer";
import { parse, stringify } from "yaml";
import { oncePerSpec } from "$lib/cosi/mod.ts";
import type { PemPair } from "$lib/pki/mod.ts";
import type { KubernetesSecretsSpec } from "$lib/resources/mod.ts";

/** What a kubeconfig says. */
export interface Kubeconfig {
  readonly cluster: string;
  readonly server: string;
  /** PEM of the CA that the server's certificate is checked with. */
  readonly ca: string;
  readonly client: PemPair;
  /** Who the client is; `admin` unless told. */
  readonly user?: string;
}

/** A kubeconfig file with one context, `<user>@<cluster>`. */
export function encodeKubeconfig(
  { cluster, server, ca, client, user: name = "admin" }: Kubeconfig,
): string {
  const user = `${name}@${cluster}`;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: cluster,
      cluster: { server, "certificate-authority-data": base64(ca) },
    }],
    users: [{
      name: user,
      user: {
        "client-certificate-data": base64(client.crt),
        "client-key-data": base64(client.key),
      },
    }],
    contexts: [{ name: user, context: { cluster, namespace: "default", user } }],
    "current-context": user,
  }, { lineWidth: 0 });
}

/** The administrator's certificate among the secrets of a control plane. */
export const administrator = oncePerSpec(({ adminKubeconfig }: KubernetesSecretsSpec) =>
  adminOf(adminKubeconfig)
);

/** The administrator's certificate in a kubeconfig that encodeKubeconfig made; undefined in another. */
export function adminOf(kubeconfig: string): PemPair | undefined {
  const file: unknown = parse(kubeconfig);
  const user = (file as { users?: { user?: Record<string, unknown> }[] })?.users?.[0]?.user;
  const crt = user?.["client-certificate-data"];
  const key = user?.["client-key-data"];
  if (typeof crt !== "string" || typeof key !== "string") return undefined;
  return { crt: text(crt), key: text(key) };
}

function base64(plain: string): string {
  return Buffer.from(plain).toString("base64");
}

function text(encoded: string): string {
  return Buffer.from(encoded, "base64").toString();
}
