import { define } from "../definition.ts";

/** A part of the state that keeps ids apart. */
export interface NamespaceSpec {
  readonly description: string;
}

/** Namespaces, one resource each. */
export const Namespace = define<NamespaceSpec>({
  type: "Namespaces.meta.cosi.dev",
  namespace: "meta",
  aliases: ["ns"],
});

/** The namespaces of a node, by name. */
export const NAMESPACES: Readonly<Record<string, NamespaceSpec>> = {
  meta: {
    description: "Metadata namespace which contains resource and namespace definitions.",
  },
  runtime: { description: "Talos v1alpha1 subsystems glue resources." },
  config: { description: "Talos node configuration." },
  controlplane: { description: "Kubernetes control plane resources." },
  extras: { description: "Kubernetes extra configuration resources." },
  network: { description: "Networking resources." },
  secrets: { description: "Resources with secret material." },
};
