/**
 * Firmware with Secure Boot whose only key is one that Debian publishes, its private half too
 * (`/usr/share/doc/ovmf/README.Debian`): fit for tests alone.
 */
import { join } from "node:path";
import type { SecureBootKey } from "../../mkimage/assets/authenticode.ts";
import { run } from "../../mkimage/run.ts";
import type { NodeOptions } from "./node.ts";

const CODE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
const VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd";
const KEY = "/usr/share/ovmf/PkKek-1-snakeoil.key";
const CERTIFICATE = "/usr/share/ovmf/PkKek-1-snakeoil.pem";
const PASSPHRASE = "snakeoil";

/** Why this host has no such firmware, or nothing when it has. */
export async function secureFirmwareMissing(): Promise<string | undefined> {
  for (const path of [CODE, VARIABLES, KEY, CERTIFICATE]) {
    if (!await Deno.stat(path).catch(() => undefined)) return `${path} is not there`;
  }
  return undefined;
}

/** The key that the firmware knows. */
export async function knownKey(): Promise<SecureBootKey> {
  return {
    // The runtime does not know how it is encrypted.
    privateKey: await run("openssl", ["pkey", "-in", KEY, "-passin", `pass:${PASSPHRASE}`]),
    certificate: await Deno.readTextFile(CERTIFICATE),
  };
}

/** A machine with that firmware, which keeps its variables in `directory`. */
export async function secureMachine(
  directory: string,
): Promise<Pick<NodeOptions, "firmware" | "args">> {
  const variables = join(directory, "variables.fd");
  await Deno.copyFile(VARIABLES, variables);
  return {
    firmware: { code: CODE, variables },
    // Its variables are changed in the mode of system management alone.
    args: ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"],
  };
}
