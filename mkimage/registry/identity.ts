import { join } from "node:path";
import { createCa, hoursMs, inspectCertificate, issueServerLeaf, sans } from "$lib/pki/mod.ts";

/** This host's loopback as a guest in QEMU's user-mode network sees it. */
export const GUEST_NAME = "10.0.2.2";
/** The names that a local registry is reached by. */
const NAMES = ["127.0.0.1", "localhost", GUEST_NAME];
/** The certificate is made anew when it has less than this left. */
const SPARE_MS = hoursMs(24 * 7);
const LIFETIME_MS = hoursMs(24 * 365);

/** The files of a registry's TLS. */
export interface IdentityFiles {
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** The certificate of a local registry below `directory`, under a CA of its own; made when missing. */
export async function registryIdentity(directory: string, now: Date): Promise<IdentityFiles> {
  const file = (name: string) => join(directory, name);
  const files = { ca: file("ca.crt"), crt: file("tls.crt"), key: file("tls.key") };
  if (await isFresh(files.crt, now)) return files;
  // The CA's key is not kept: a new certificate comes with a new CA.
  const ca = await createCa({
    ...{ kind: "ecdsa-p256", subject: { commonName: "local registry" }, now },
    lifetimeMs: LIFETIME_MS,
  });
  const leaf = await issueServerLeaf({ ca, sans: sans(NAMES), now, lifetimeMs: LIFETIME_MS });
  await Deno.writeTextFile(files.ca, ca.crt);
  await Deno.writeTextFile(files.key, leaf.key, { mode: 0o600 });
  await Deno.writeTextFile(files.crt, leaf.crt);
  return files;
}

async function isFresh(path: string, now: Date): Promise<boolean> {
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text === undefined) return false;
  const { notAfter } = inspectCertificate(text);
  return notAfter.getTime() - now.getTime() > SPARE_MS;
}
