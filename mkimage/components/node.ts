import type { Component } from "./component.ts";

const CONTAINERD = "github.com/containerd/containerd/v2";
const PLUGINS = "github.com/containernetworking/plugins";
const RUNC = "github.com/opencontainers/runc";

const containerdVersion = (version: string) => ({
  [`${CONTAINERD}/version.Version`]: version,
  [`${CONTAINERD}/version.Package`]: CONTAINERD,
});
const pluginVersion = (version: string) => ({
  [`${PLUGINS}/pkg/utils/buildversion.BuildVersion`]: version,
});

/** Where CNI plugins are looked for; installers of networks add theirs to the overlay above it. */
const CNI_DIRECTORY = "/opt/cni/bin";

/**
 * What runs on the node itself, outside containers. The tags leave out containerd's snapshotters and
 * tracing that a node never uses, and gRPC from the shim, which speaks ttrpc.
 */
export const NODE_COMPONENTS: readonly Component[] = [
  {
    name: "containerd",
    language: "go",
    folder: "containerd",
    module: CONTAINERD,
    packages: [`${CONTAINERD}/cmd/containerd`],
    tags: ["no_btrfs", "no_devmapper", "no_zfs", "no_tracing", "urfave_cli_no_docs"],
    variables: containerdVersion,
  },
  {
    name: "containerd-shim-runc-v2",
    language: "go",
    folder: "containerd",
    module: CONTAINERD,
    packages: [`${CONTAINERD}/cmd/containerd-shim-runc-v2`],
    tags: ["no_grpc"],
    variables: containerdVersion,
  },
  {
    name: "runc",
    language: "go",
    folder: "runc",
    module: RUNC,
    packages: [RUNC],
    // Without libseccomp no pod starts: each one's sandbox asks for a filter.
    tags: ["seccomp", "netgo", "osusergo", "urfave_cli_no_docs"],
    cgo: true,
    variables: (version) => ({ "main.version": version.slice(1) }),
    licences: ["/usr/share/doc/libseccomp-dev/copyright"],
  },
  {
    name: "cni-plugins",
    language: "go",
    folder: "cni-plugins",
    module: PLUGINS,
    packages: ["main/bridge", "main/loopback", "ipam/host-local", "meta/portmap"]
      .map((name) => `${PLUGINS}/plugins/${name}`),
    directory: CNI_DIRECTORY,
    variables: pluginVersion,
  },
  {
    // The plugin's present home is not on the module proxy; this is its last release in the old one.
    name: "flannel-cni",
    language: "go",
    folder: "flannel-cni",
    module: PLUGINS,
    packages: [`${PLUGINS}/plugins/meta/flannel`],
    directory: CNI_DIRECTORY,
    variables: pluginVersion,
  },
];
