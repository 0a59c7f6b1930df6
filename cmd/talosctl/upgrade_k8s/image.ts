import { applyPatch, kubernetesImages, parseConfig, type PatchOperation } from "$lib/config/mod.ts";
import { type Release, releaseText } from "./path.ts";

/** A component whose image stands in the machine configuration. */
export interface Component {
  readonly name: string;
  /** Where `image` is in the configuration. */
  readonly section: readonly ["cluster" | "machine", string];
  readonly image: keyof ReturnType<typeof kubernetesImages>;
}

/** The components of the control plane in the order of their upgrade. */
export const CONTROL_PLANE: readonly Component[] = [
  { name: "kube-apiserver", section: ["cluster", "apiServer"], image: "apiServer" },
  {
    name: "kube-controller-manager",
    section: ["cluster", "controllerManager"],
    image: "controllerManager",
  },
  { name: "kube-scheduler", section: ["cluster", "scheduler"], image: "scheduler" },
];

/** kube-proxy, whose pods a daemon set makes. */
export const PROXY: Component = {
  name: "kube-proxy",
  section: ["cluster", "proxy"],
  image: "proxy",
};

/** The kubelet, which every node runs. */
export const KUBELET: Component = {
  name: "kubelet",
  section: ["machine", "kubelet"],
  image: "kubelet",
};

/** A change of an image in a machine configuration. */
export interface ImageChange {
  /** The image so far; empty where the configuration leaves it to the node's release. */
  readonly before: string;
  readonly after: string;
  /** The whole configuration with the change; equal to what it was when nothing changes. */
  readonly text: string;
}

/** The image of another release: only the tag changes where the configuration names an image. */
export function changeImage(config: string, component: Component, to: Release): ImageChange {
  const { raw, errors } = parseConfig(config);
  if (!raw) throw new Error(`Cannot read the machine configuration: ${errors[0]?.message ?? ""}`);
  const [top, section] = component.section;
  const sections: Sections | undefined = raw[top];
  const before = (sections?.[section] as { image?: string } | undefined)?.image ?? "";
  const after = before === ""
    ? kubernetesImages(releaseText(to))[component.image]
    : retagged(before, `v${releaseText(to)}`);
  if (before === after) return { before, after, text: config };
  return { before, after, text: applyPatch(config, steps(sections, component, after)) };
}

type Sections = Readonly<Record<string, unknown>>;

function steps(
  sections: Sections | undefined,
  { section: [top, section] }: Component,
  image: string,
): PatchOperation[] {
  if (!sections?.[section]) return [{ op: "add", path: `/${top}/${section}`, value: { image } }];
  return [{ op: "add", path: `/${top}/${section}/image`, value: image }];
}

/** An image name with another tag; a digest goes, as it pins the old bytes. */
export function retagged(image: string, tag: string): string {
  const [name = ""] = image.split("@");
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return `${colon < 0 ? name : name.slice(0, colon)}:${tag}`;
}

/** The release in an image's tag; undefined where it says none. */
export function imageRelease(image: string): string | undefined {
  return /:v?(\d+\.\d+\.\d+)(?:@.*)?$/.exec(image)?.[1];
}
