import { PAUSE_VERSION } from "$lib/config/mod.ts";
import type { Component } from "./component.ts";

const ETCD = "go.etcd.io/etcd";
const COREDNS = "github.com/coredns/coredns";
const FLANNEL = "github.com/flannel-io/flannel";

/** What a cluster runs in containers beside Kubernetes itself. */
export const CLUSTER_COMPONENTS: readonly Component[] = [
  {
    name: "etcd",
    language: "go",
    folder: "etcd",
    module: `${ETCD}/server/v3`,
    packages: [`${ETCD}/server/v3`, `${ETCD}/etcdctl/v3`, `${ETCD}/etcdutl/v3`],
  },
  {
    name: "coredns",
    language: "go",
    folder: "coredns",
    module: COREDNS,
    packages: [COREDNS],
  },
  {
    name: "flannel",
    language: "go",
    folder: "flannel",
    module: FLANNEL,
    packages: [FLANNEL],
    // Its UDP backend is C.
    cgo: true,
    tags: ["netgo", "osusergo"],
    variables: (version) => ({ [`${FLANNEL}/pkg/version.Version`]: version }),
  },
  {
    name: "pause",
    language: "c",
    folder: "pause",
    version: `v${PAUSE_VERSION}`,
    licences: ["/usr/share/doc/libc6/copyright"],
  },
];
