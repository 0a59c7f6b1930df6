import { Buffer } from "node:buffer";
import type { Context } from "./talosconfig.ts";

/** What a client shows and trusts, as PEM texts. */
export interface Credentials {
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** The PEM texts in a context; `name` is for the error. @throws {Error} on a part that is missing or no PEM. */
export function credentials(name: string, context: Context): Credentials {
  const part = (key: "ca" | "crt" | "key"): string => {
    const base64 = context[key];
    if (!base64) throw new Error(`Cannot use context "${name}": it has no ${key}`);
    const pem = Buffer.from(base64, "base64").toString("utf8");
    if (!pem.includes("-----BEGIN ")) {
      throw new Error(`Cannot use context "${name}": its ${key} is not base64 over PEM`);
    }
    return pem;
  };
  return { ca: part("ca"), crt: part("crt"), key: part("key") };
}

/** A context out of PEM texts. */
export function contextOf(
  pem: Credentials,
  targets: { endpoints?: readonly string[]; nodes?: readonly string[] } = {},
): Context {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return {
    endpoints: targets.endpoints ?? [],
    nodes: targets.nodes ?? [],
    ca: base64(pem.ca),
    crt: base64(pem.crt),
    key: base64(pem.key),
  };
}
