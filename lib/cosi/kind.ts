/** Which resources are meant: those of one type in one namespace. `Spec` is the type of their specs. */
export interface Kind<Spec = unknown> {
  readonly namespace: string;
  /** `Services.v1alpha1.talos.dev`. */
  readonly type: string;
  /** Never set: carries the type of the spec. */
  readonly specType?: Spec;
}

/** The resources of the same type in another namespace. */
export function inNamespace<Spec>({ type }: Kind<Spec>, namespace: string): Kind<Spec> {
  return { namespace, type };
}

/** Whether both mean the same resources. */
export function sameKind(a: Kind, b: Kind): boolean {
  return a.type === b.type && a.namespace === b.namespace;
}

/** One string for each kind; a type holds no slash. */
export function kindKey({ namespace, type }: Kind): string {
  return `${namespace}/${type}`;
}

/** A resource as error messages name it. */
export function describeResource(kind: Kind, id: string): string {
  return `${kind.type} "${kind.namespace}/${id}"`;
}
