import { define } from "../definition.ts";

/** A Kubernetes object as it is applied. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

/** The objects of one manifest. */
export type ManifestSpec = readonly KubernetesObject[];

/** The namespace of manifests that the configuration asks for, beside the bootstrap ones. */
export const EXTRAS = "extras";

/** Manifests to apply, in the order of their ids. */
export const Manifest = define<ManifestSpec>({
  type: "Manifests.kubernetes.talos.dev",
  namespace: "controlplane",
  // The bootstrap token stands in one of them.
  sensitive: true,
});
