import { define } from "../definition.ts";

/** Whether the files of the control plane's secrets are written, and which version of them. */
export interface SecretStatusSpec {
  readonly ready: boolean;
  readonly version: string;
}

/** The one resource of its kind. */
export const STATIC_POD_SECRETS = "static-pods";

/** The state of the control plane's secret files. */
export const SecretStatus = define<SecretStatusSpec>({
  type: "SecretStatuses.kubernetes.talos.dev",
  namespace: "controlplane",
  printColumns: [
    { name: "Ready", jsonPath: "{.ready}" },
    { name: "Secrets Version", jsonPath: "{.version}" },
  ],
});
