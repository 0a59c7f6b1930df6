/** What every object of Kubernetes has. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly resourceVersion?: string;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  readonly [field: string]: unknown;
}

/** An object of Kubernetes. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** How an object is named in messages: `ConfigMap kube-system/coredns`. */
export function describeObject({ kind, metadata }: KubeObject): string {
  const { namespace, name } = metadata;
  return namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}

/** `value` as an object of Kubernetes. @throws {SyntaxError} that says what it lacks. */
export function kubeObject(value: unknown, where: string): KubeObject {
  const lack = (what: string) => new SyntaxError(`Cannot read object of ${where}: ${what}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw lack("it is not a mapping");
  }
  const { apiVersion, kind, metadata } = value as Record<string, unknown>;
  if (typeof apiVersion !== "string" || apiVersion === "") throw lack('"apiVersion" is missing');
  if (typeof kind !== "string" || kind === "") throw lack('"kind" is missing');
  const name = (metadata as { name?: unknown } | undefined)?.name;
  if (typeof name !== "string" || name === "") throw lack(`"metadata.name" of ${kind} is missing`);
  return value as KubeObject;
}
