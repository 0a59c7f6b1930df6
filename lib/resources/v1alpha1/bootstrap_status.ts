import { define } from "../definition.ts";

/** How the control plane was brought up. */
export interface BootstrapStatusSpec {
  /** Whether Kubernetes runs its own control plane, as releases before this one had it. */
  readonly selfHostedControlPlane: boolean;
}

/** The one resource of its kind. */
export const CONTROL_PLANE = "control-plane";

/** Whether this machine's control plane is self-hosted. */
export const BootstrapStatus = define<BootstrapStatusSpec>({
  type: "BootstrapStatuses.v1alpha1.talos.dev",
  namespace: "runtime",
  aliases: ["bootstrapStatus"],
  printColumns: [{ name: "Self Hosted", jsonPath: "{.selfHostedControlPlane}" }],
});
