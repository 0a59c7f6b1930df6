import { flag } from "$lib/cli/mod.ts";
import { ContainerDriver } from "$proto/common/common_pb.ts";

/** The flags of commands that look at containers. */
export const SCOPE_FLAGS = {
  kubernetes: flag.boolean("use the k8s.io containerd namespace", { short: "k" }),
  useCri: flag.boolean("use the CRI driver", { short: "c", hidden: true }),
};

/** The containerd namespace and driver that the flags choose. */
export function containerScope(
  kubernetes: boolean,
): { readonly namespace: string; readonly driver: ContainerDriver } {
  return kubernetes
    ? { namespace: "k8s.io", driver: ContainerDriver.CRI }
    : { namespace: "system", driver: ContainerDriver.CONTAINERD };
}
