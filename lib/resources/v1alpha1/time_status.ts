import { define } from "../definition.ts";

/** Whether the clock can be trusted. */
export interface TimeStatusSpec {
  readonly synced: boolean;
}

/** The one resource of its kind. */
export const NODE_TIME = "node";

/** The state of this node's clock. */
export const TimeStatus = define<TimeStatusSpec>({
  type: "TimeStatuses.v1alpha1.talos.dev",
  namespace: "runtime",
  printColumns: [{ name: "Synced", jsonPath: "{.synced}" }],
});
