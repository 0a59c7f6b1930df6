/** What META remembers of releases, and what it means at the next boot. */
import type { Slot, SlotEntry } from "$lib/bootloader/mod.ts";
import { bootOrder, onTrial, STARTS_OF_A_RELEASE } from "$lib/bootloader/mod.ts";

/** The last upgrade of this machine. */
export interface UpgradeRecord {
  /** The release and the slot it went to. */
  readonly version: string;
  readonly slot: Slot;
  /** The release that ran when it was asked for. */
  readonly from: string;
  /** `trying` from before the first byte is written until the release has proved itself. */
  readonly state: "trying" | "done" | "failed";
  /** Services that have to be healthy for that, since they were before: `etcd`, `kubelet`. */
  readonly services: readonly string[];
  /** The node's name in Kubernetes, when it was Ready there. */
  readonly node?: string;
  /** Why the release failed. */
  readonly cause?: string;
}

/** An upgrade that is done by the next boot. */
export interface StagedUpgrade {
  readonly image: string;
  readonly preserve: boolean;
  /** What the machine had achieved when it was asked for. */
  readonly achieved: Pick<UpgradeRecord, "services" | "node">;
}

/** What a boot is, as disk and META tell it together. */
export type Standing =
  /** The release that runs is here to stay. */
  | { readonly kind: "settled" }
  /** It runs for the first time, and goes unless it proves itself. */
  | { readonly kind: "trial" }
  /** It runs again, since the one that was tried failed. */
  | { readonly kind: "fellBack"; readonly version: string; readonly cause: string }
  /** It stands in for the one that is here to stay, which did not come up. */
  | { readonly kind: "standsIn"; readonly version: string; readonly cause: string };

/** What the boot of `running` is. */
export function standing(
  record: UpgradeRecord | undefined,
  entries: readonly SlotEntry[],
  running: Slot,
): Standing {
  if (onTrial(entries, running)) return { kind: "trial" };
  if (record?.state !== "trying" || record.slot === running) {
    const [first] = bootOrder(entries);
    if (!first || first.slot === running) return { kind: "settled" };
    const cause = `it ended before it was up, ${STARTS_OF_A_RELEASE} times in a row`;
    return { kind: "standsIn", version: first.version, cause };
  }
  const { slot, version, cause } = record;
  const entry = entries.find((entry) => entry.slot === slot);
  const why = cause ??
    (entry?.triesLeft === 0
      ? "it did not come up: it was started, and ended without a word"
      : entry
      ? "the boot loader did not start it"
      : "it was not written as a whole");
  return { kind: "fellBack", version, cause: why };
}

/** Reads a record; one of another release's making that says too little is none. */
export function readRecord(value: unknown): UpgradeRecord | undefined {
  const record = value as Partial<UpgradeRecord> | null | undefined;
  const isText = (text: unknown) => typeof text === "string";
  const known = ["trying", "done", "failed"].includes(record?.state ?? "");
  if (!record || !known || !isText(record.version) || !isText(record.from)) return undefined;
  if (record.slot !== "a" && record.slot !== "b") return undefined;
  return { ...record, services: record.services ?? [] } as UpgradeRecord;
}

/** Reads a staged upgrade, if it is one. */
export function readStaged(value: unknown): StagedUpgrade | undefined {
  const staged = value as Partial<StagedUpgrade> | null | undefined;
  if (typeof staged?.image !== "string" || staged.image === "") return undefined;
  const { image, achieved = { services: [] } } = staged;
  // What was not said plainly is kept.
  return { image, preserve: staged.preserve !== false, achieved };
}
