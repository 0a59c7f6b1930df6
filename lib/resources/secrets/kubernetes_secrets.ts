import { define } from "../definition.ts";
import { type CertificateAndKey, pairView } from "./pem.ts";

/** The certificates of this machine's control plane. */
export interface KubernetesSecretsSpec {
  readonly apiServer: CertificateAndKey;
  readonly apiServerKubeletClient: CertificateAndKey;
  readonly frontProxy: CertificateAndKey;
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
  view: ({ apiServer, apiServerKubeletClient, frontProxy, adminKubeconfig }) => ({
    apiServer: pairView(apiServer),
    apiServerKubeletClient: pairView(apiServerKubeletClient),
    frontProxy: pairView(frontProxy),
    adminKubeconfig,
  }),
});
