import type { ContainerSpec } from "$lib/containerd/mod.ts";
import { type MemberIdentity, peerUrl } from "./arguments.ts";
import { ETCD_DATA_DIR, ETCD_SNAPSHOT, ETCD_UID } from "./places.ts";

/**
 * The container that makes the data of a cluster's first member from a snapshot. Revisions jump ahead
 * of all that were ever given out: a client that kept one from before must not take it for a new one.
 */
export function restoreContainer(
  { name, address }: MemberIdentity,
  { skipHashCheck }: { readonly skipHashCheck: boolean },
): ContainerSpec {
  const url = peerUrl(address);
  return {
    args: [
      "/usr/local/bin/etcdutl",
      "snapshot",
      "restore",
      ETCD_SNAPSHOT,
      `--name=${name}`,
      `--data-dir=${ETCD_DATA_DIR}`,
      `--initial-cluster=${name}=${url}`,
      `--initial-advertise-peer-urls=${url}`,
      "--bump-revision=1000000000",
      "--mark-compacted",
      `--skip-hash-check=${skipHashCheck}`,
    ],
    user: { uid: ETCD_UID, gid: ETCD_UID },
    mounts: [
      { destination: ETCD_SNAPSHOT, source: ETCD_SNAPSHOT, options: ["bind", "ro"] },
      { destination: ETCD_DATA_DIR, source: ETCD_DATA_DIR, options: ["rbind", "rw"] },
    ],
    cgroup: "/podruntime/etcd",
  };
}
