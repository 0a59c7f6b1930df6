/** An image's name in its parts. */
export interface ImageReference {
  /** Host of the registry, with its port where there is one. */
  readonly registry: string;
  /** The whole name with registry, and tag or digest, as containerd takes it. */
  readonly name: string;
}

const DIGEST = /@sha256:[0-9a-f]{64}$/;
const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Reads an image's name; `docker.io`, `library/` and `latest` are filled in where they are left out.
 * @throws {SyntaxError} when it is none.
 */
export function parseReference(text: string): ImageReference {
  const digest = DIGEST.exec(text)?.[0] ?? "";
  const tagged = text.slice(0, text.length - digest.length);
  const slash = tagged.indexOf("/");
  const first = slash < 0 ? "" : tagged.slice(0, slash);
  const hasHost = first === "localhost" || /[.:]/.test(first);
  const registry = hasHost ? first : "docker.io";
  const rest = hasHost ? tagged.slice(slash + 1) : tagged;
  const tag = TAG.exec(rest)?.[0] ?? "";
  const path = rest.slice(0, rest.length - tag.length);
  if (!NAME.test(path)) throw new SyntaxError(`Cannot read image name: "${text}"`);
  const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  const version = tag === "" && digest === "" ? ":latest" : tag;
  return { registry, name: `${registry}/${repository}${version}${digest}` };
}
