import { define } from "../definition.ts";

/** Where the control planes of the cluster are. */
export interface EndpointSpec {
  readonly addresses: readonly string[];
}

/** The control planes as Kubernetes lists them. */
export const KUBERNETES_ENDPOINT = "k8s";

/** The addresses of the control planes. */
export const Endpoint = define<EndpointSpec>({
  type: "Endpoints.kubernetes.talos.dev",
  namespace: "controlplane",
  printColumns: [{ name: "Addresses", jsonPath: "{.addresses}" }],
});
