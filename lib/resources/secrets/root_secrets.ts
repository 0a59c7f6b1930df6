import { define, type Definition } from "../definition.ts";
import { type CertificateAndKey, keyView, pairView, type PrivateKey } from "./pem.ts";

/** The root of etcd's certificates. */
export interface RootEtcdSpec {
  readonly etcdCA: CertificateAndKey;
}

/** The root of Kubernetes' certificates and tokens. */
export interface RootKubernetesSpec {
  /** The cluster's name. */
  readonly name: string;
  readonly endpoint: string;
  readonly certSANs: readonly string[];
  /** The addresses of the service `kubernetes`. */
  readonly apiServerIPs: readonly string[];
  readonly dnsDomain: string;
  readonly ca: CertificateAndKey;
  readonly serviceAccount: PrivateKey;
  readonly aggregatorCA: CertificateAndKey;
  readonly aesCBCEncryptionSecret: string;
  readonly bootstrapTokenID: string;
  readonly bootstrapTokenSecret: string;
}

/** The resource that holds a RootEtcdSpec. */
export const ROOT_ETCD = "etcd";
/** The resource that holds a RootKubernetesSpec. */
export const ROOT_K8S = "k8s";

/** The secrets that the configuration brings. */
export const RootSecrets: Definition<RootEtcdSpec | RootKubernetesSpec> = define({
  type: "RootSecrets.secrets.talos.dev",
  namespace: "secrets",
  aliases: ["rootSecret", "rootSecrets"],
  sensitive: true,
  view: (spec: RootEtcdSpec | RootKubernetesSpec) =>
    "etcdCA" in spec ? { etcdCA: pairView(spec.etcdCA) } : kubernetesView(spec),
});

function kubernetesView(spec: RootKubernetesSpec): unknown {
  return {
    ...spec,
    ca: pairView(spec.ca),
    serviceAccount: keyView(spec.serviceAccount),
    aggregatorCA: pairView(spec.aggregatorCA),
  };
}
