/** The user that etcd runs as; its data and its keys belong to it. */
export const ETCD_UID = 60;
/** Where etcd keeps its data. */
export const ETCD_DATA_DIR = "/var/lib/etcd";
/** Where etcd reads its certificate, key and CA. */
export const ETCD_PKI_DIR = "/etc/kubernetes/pki/etcd";
/** Where a snapshot waits to be restored. */
export const ETCD_SNAPSHOT = "/var/lib/etcd.snapshot";
