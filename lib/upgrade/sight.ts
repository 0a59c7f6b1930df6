import { parse } from "yaml";
import type { UpgradeStatusSpec } from "$lib/resources/mod.ts";

/** The file of a node that says which boot this is. */
export const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

/** A node as one look shows it. */
export interface Sight extends Pick<UpgradeStatusSpec, "version" | "slot" | "state" | "message"> {
  /** Another one with each boot. */
  readonly bootId: string;
}

/** What a node says of its releases (`UpgradeStatus` as YAML) and its boot. @throws {Error} when it says nothing */
export function sightOf(yaml: Uint8Array | undefined, bootId: string): Sight {
  if (!yaml) throw new Error("Cannot look at the node: it has no status of upgrades");
  const spec = parse(new TextDecoder().decode(yaml)) as UpgradeStatusSpec;
  const { version, slot, state, message } = spec;
  return { version, slot, state, message, bootId: bootId.trim() };
}
