/** The configuration files of the two containerds of a node. */
import { IMAGES } from "$lib/config/mod.ts";
import { REGISTRY_HOSTS_DIRECTORY } from "$lib/paths/mod.ts";

/** Parts that a node does not need: other snapshotters, tracing, plugins from outside. */
const UNUSED = [
  ...["blockfile", "btrfs", "devmapper", "erofs", "native", "zfs"]
    .map((name) => `io.containerd.snapshotter.v1.${name}`),
  "io.containerd.differ.v1.erofs",
  "io.containerd.internal.v1.tracing",
  "io.containerd.mount-handler.v1.erofs",
  "io.containerd.nri.v1.nri",
  "io.containerd.tracing.processor.v1.otlp",
];

const KUBERNETES = [
  "io.containerd.cri.v1.images",
  "io.containerd.cri.v1.runtime",
  "io.containerd.grpc.v1.cri",
  "io.containerd.podsandbox.controller.v1.podsandbox",
];

/** The containerd of the node's own, which knows nothing of Kubernetes. */
export function systemContainerdConfig(): string {
  return `version = 3
${disabled([...UNUSED, ...KUBERNETES])}
`;
}

/** The containerd of Kubernetes. Users add to it by files in /var/cri/conf.d. */
export function criContainerdConfig(): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/system/run/cri"
imports = ["/var/cri/conf.d/*.toml"]
${disabled(UNUSED)}

[grpc]
address = "/run/containerd/containerd.sock"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${IMAGES.pause}"

[plugins."io.containerd.cri.v1.images".registry]
config_path = "${REGISTRY_HOSTS_DIRECTORY}"

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/opt/cni/bin"]
conf_dir = "/etc/cni/net.d"

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

function disabled(plugins: readonly string[]): string {
  return `disabled_plugins = [\n${plugins.map((name) => `  "${name}",\n`).join("")}]`;
}
