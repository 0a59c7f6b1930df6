import { define } from "../definition.ts";
import { type CertificateAndKey, pairView } from "./pem.ts";

/** The certificates of this machine's control plane. */
export interface KubernetesSecretsSpec {
  readonly apiServer: CertificateAndKey;
  readonly apiServerKubeletClient: CertificateAndKey;
  readonly frontProxy: CertificateAndKey;
  /** As clients of the API server, each with the rights of its own role only. */
  readonly controllerManager: CertificateAndKey;
  readonly scheduler: CertificateAndKey;
  /** A kubeconfig file for the components on this machine. */
  readonly adminKubeconfig: string;
}

/** The one resource of its kind. */
export const K8S_CERTS = "k8s-certs";

/** The certificates of this machine's control plane. */
export const KubernetesSecrets = define<KubernetesSecretsSpec>({
  type: "KubernetesSecrets.secrets.talos.dev",
  namespace: "secrets",
  sensitive: true,
  view: ({ adminKubeconfig, ...pairs }) => ({
    apiServer: pairView(pairs.apiServer),
    apiServerKubeletClient: pairView(pairs.apiServerKubeletClient),
    frontProxy: pairView(pairs.frontProxy),
    controllerManager: pairView(pairs.controllerManager),
    scheduler: pairView(pairs.scheduler),
    adminKubeconfig,
  }),
});
