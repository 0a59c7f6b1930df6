import { IMAGES } from "$lib/config/mod.ts";
import { CP, type DebianProgram, MOUNT, NFT, UMOUNT } from "../debian_programs.ts";
import type { ImageSettings } from "./image.ts";

/** What an image of a container holds. */
export interface ImageRecipe extends ImageSettings {
  /** Its public name. */
  readonly name: string;
  /** Paths in the image by component and program. */
  readonly programs: readonly (readonly [component: string, program: string, path: string])[];
  readonly debian?: readonly DebianProgram[];
  /** Certificates of public authorities. */
  readonly certificates?: boolean;
}

/** An image of one program of Kubernetes, where the public one has it. */
function kubernetes(
  name: string,
  program: string,
  more: Partial<ImageRecipe> = {},
): ImageRecipe {
  const path = `/usr/local/bin/${program}`;
  return { name, programs: [[program, program, path]], entrypoint: [path], ...more };
}

/**
 * The images of a cluster under their public names, with what 1.35 needs in them: nft where rules are
 * made, mount in the kubelet's, cp where a pod installs files on the node. The installer's is not here.
 */
export const IMAGE_RECIPES: readonly ImageRecipe[] = [
  kubernetes(IMAGES.apiServer, "kube-apiserver"),
  kubernetes(IMAGES.controllerManager, "kube-controller-manager"),
  kubernetes(IMAGES.scheduler, "kube-scheduler"),
  kubernetes(IMAGES.proxy, "kube-proxy", { debian: [NFT] }),
  kubernetes(IMAGES.kubelet, "kubelet", { debian: [MOUNT, UMOUNT], certificates: true }),
  {
    name: IMAGES.etcd,
    programs: [
      ["etcd", "server", "/usr/local/bin/etcd"],
      ["etcd", "etcdctl", "/usr/local/bin/etcdctl"],
    ],
    entrypoint: ["/usr/local/bin/etcd"],
  },
  {
    name: IMAGES.coreDns,
    programs: [["coredns", "coredns", "/coredns"]],
    entrypoint: ["/coredns"],
    user: "65532:65532",
    certificates: true,
  },
  {
    name: IMAGES.flannel,
    programs: [["flannel", "flannel", "/opt/bin/flanneld"]],
    debian: [NFT, CP],
    entrypoint: ["/opt/bin/flanneld"],
  },
  {
    name: IMAGES.flannelCni,
    programs: [["flannel-cni", "flannel", "/flannel"]],
    debian: [CP],
    entrypoint: ["/flannel"],
  },
  {
    name: IMAGES.pause,
    programs: [["pause", "pause", "/pause"]],
    entrypoint: ["/pause"],
    user: "65535:65535",
  },
];
