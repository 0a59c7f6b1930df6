/** The image that runs, as the early stage verified it. */
import { type Manifest, parseManifest } from "$lib/image/mod.ts";

/** Where the early stage left the manifest, and the key that it was verified with. */
const MANIFEST = "/run/image/manifest.json";
const SIGNING_KEY = "/run/image/signing.pub";

/** The manifest of the running image; nothing where machined was not started by the early stage. */
export async function runningImage(): Promise<Manifest | undefined> {
  const text = await Deno.readTextFile(MANIFEST).catch(() => undefined);
  return text === undefined ? undefined : parseManifest(text);
}

/** PEM of the key that the running image is signed with, and the next one has to be. */
export function signingKey(): Promise<string> {
  return Deno.readTextFile(SIGNING_KEY);
}

/** SMBIOS UUID of the machine, or nothing where the firmware tells none. */
export function machineUuid(): string | undefined {
  try {
    return Deno.readTextFileSync("/sys/class/dmi/id/product_uuid").trim().toLowerCase();
  } catch {
    return undefined;
  }
}
