import { Buffer } from "node:buffer";
import { parseKubeconfig, type Plain } from "./_document.ts";

/** Where a Kubernetes API is, whom its certificate is checked against, and who calls; PEM texts. */
export interface KubeAccess {
  readonly url: string;
  readonly ca: string;
  readonly client: { readonly crt: string; readonly key: string };
}

/**
 * The access that the current context of a kubeconfig gives, by the certificates inside the file.
 * @throws {Error} that names what is missing
 */
export function accessOf(kubeconfig: string): KubeAccess {
  const file = parseKubeconfig(kubeconfig).toJS() as Plain;
  const current = text(file["current-context"], "current-context");
  const context = named(file, "contexts", current, "context");
  const cluster = named(file, "clusters", text(context.cluster, "cluster"), "cluster");
  const user = named(file, "users", text(context.user, "user"), "user");
  return {
    url: text(cluster.server, "server"),
    ca: pem(cluster, "certificate-authority-data"),
    client: { crt: pem(user, "client-certificate-data"), key: pem(user, "client-key-data") },
  };
}

function named(file: Plain, list: string, name: string, key: string): Plain {
  const entries = Array.isArray(file[list]) ? file[list] as Plain[] : [];
  const found = entries.find((entry) => entry?.name === name)?.[key];
  if (typeof found === "object" && found !== null) return found as Plain;
  throw new Error(`Cannot use kubeconfig: it has no ${key} "${name}"`);
}

function text(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`Cannot use kubeconfig: it has no ${what}`);
}

function pem(from: Plain, key: string): string {
  const plain = Buffer.from(text(from[key], key), "base64").toString("utf8");
  if (plain.includes("-----BEGIN ")) return plain;
  throw new Error(`Cannot use kubeconfig: its ${key} is not base64 over PEM`);
}
