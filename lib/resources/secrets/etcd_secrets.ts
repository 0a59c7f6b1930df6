import { define } from "../definition.ts";
import { type CertificateAndKey, pairView } from "./pem.ts";

/** What etcd on this machine presents. */
export interface EtcdSecretsSpec {
  /** As server, and as client of the other members. */
  readonly etcdPeer: CertificateAndKey;
}

/** The one resource of its kind. */
export const ETCD_SECRETS = "etcd";

/** The certificate of this machine's etcd. */
export const EtcdSecrets = define<EtcdSecretsSpec>({
  type: "EtcdSecrets.secrets.talos.dev",
  namespace: "secrets",
  sensitive: true,
  view: ({ etcdPeer }) => ({ etcdPeer: pairView(etcdPeer) }),
});
