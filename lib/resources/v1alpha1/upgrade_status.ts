import { define } from "../definition.ts";

/** How the release that runs got there. */
export interface UpgradeStatusSpec {
  /** The release and the slot of the disk that it is in, `A` or `B`. */
  readonly version: string;
  readonly slot: string;
  /**
   * `trial` until the release has proved itself, `permanent` after that; `rolledBack` when it runs
   * again since the one that was tried failed.
   */
  readonly state: "trial" | "permanent" | "rolledBack";
  /** The release in the other slot, if there is one. */
  readonly other: string;
  /** Which release failed, and why. */
  readonly message: string;
}

/** The one resource of its kind; a machine that runs without an installation has none. */
export const NODE_UPGRADE = "node";

/** What became of the last upgrade. */
export const UpgradeStatus = define<UpgradeStatusSpec>({
  type: "UpgradeStatuses.v1alpha1.talos.dev",
  namespace: "runtime",
  printColumns: [
    { name: "Release", jsonPath: "{.version}" },
    { name: "Slot", jsonPath: "{.slot}" },
    { name: "State", jsonPath: "{.state}" },
    { name: "Message", jsonPath: "{.message}" },
  ],
});
