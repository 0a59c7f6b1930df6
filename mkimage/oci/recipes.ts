import { IMAGES, KUBERNETES_VERSION, kubernetesImages } from "$lib/config/mod.ts";
import { kubernetesComponent, OLDER_KUBERNETES } from "../components/kubernetes.ts";
import { CP, type DebianProgram, IPTABLES, MOUNT, NFT, UMOUNT } from "../debian_programs.ts";
import { PROTOCOLS } from "../etc.ts";
import type { ImageSettings } from "./image.ts";

/** What an image of a container holds. */
export interface ImageRecipe extends ImageSettings {
  /** Its public name. */
  readonly name: string;
  /** Paths in the image by component and program. */
  readonly programs: readonly (readonly [component: string, program: string, path: string])[];
  readonly debian?: readonly DebianProgram[];
  /** Text files of `/etc` by name below it. */
  readonly etc?: Readonly<Record<string, string>>;
  /** Certificates of public authorities. */
  readonly certificates?: boolean;
}

/** What nft reads. */
const NFT_ETC = { protocols: PROTOCOLS } as const;

/** The images of a release of Kubernetes: each of one program, where the public one has it. */
export function kubernetesRecipes(version: string): ImageRecipe[] {
  const images = kubernetesImages(version);
  const recipe = (name: string, program: string, more: Partial<ImageRecipe> = {}): ImageRecipe => {
    const path = `/usr/local/bin/${program}`;
    const component = kubernetesComponent(program, version);
    return { name, programs: [[component, program, path]], entrypoint: [path], ...more };
  };
  return [
    recipe(images.apiServer, "kube-apiserver"),
    recipe(images.controllerManager, "kube-controller-manager"),
    recipe(images.scheduler, "kube-scheduler"),
    recipe(images.proxy, "kube-proxy", { debian: [NFT], etc: NFT_ETC }),
    recipe(images.kubelet, "kubelet", { debian: [MOUNT, UMOUNT], certificates: true }),
  ];
}

/**
 * The images of a cluster under their public names, with what 1.35 needs in them: nft where rules are
 * made, mount in the kubelet's, cp where a pod installs files on the node. The installer's is not here.
 */
export const IMAGE_RECIPES: readonly ImageRecipe[] = [
  ...kubernetesRecipes(KUBERNETES_VERSION),
  {
    name: IMAGES.etcd,
    programs: [
      ["etcd", "server", "/usr/local/bin/etcd"],
      ["etcd", "etcdctl", "/usr/local/bin/etcdctl"],
      ["etcd", "etcdutl", "/usr/local/bin/etcdutl"],
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
    debian: [NFT, IPTABLES, CP],
    etc: NFT_ETC,
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

/** Images that no cluster needs: a release to upgrade from, and what tests run in pods. */
const MORE_RECIPES: readonly ImageRecipe[] = [
  ...kubernetesRecipes(OLDER_KUBERNETES),
  {
    name: "registry.k8s.io/e2e-test-images/agnhost:2.59",
    programs: [["agnhost", "agnhost", "/agnhost"]],
    entrypoint: ["/agnhost"],
  },
];

/**
 * The recipes whose names hold one of `parts`; those of a cluster of this release where none is given.
 * @throws {TypeError} when no name holds any of the parts.
 */
export function chooseRecipes(parts: readonly string[]): readonly ImageRecipe[] {
  if (parts.length === 0) return IMAGE_RECIPES;
  const all = [...IMAGE_RECIPES, ...MORE_RECIPES];
  const chosen = all.filter(({ name }) => parts.some((part) => name.includes(part)));
  if (chosen.length > 0) return chosen;
  const known = all.map(({ name }) => name).join(", ");
  throw new TypeError(`Cannot build images "${parts.join(" ")}": known are ${known}`);
}
