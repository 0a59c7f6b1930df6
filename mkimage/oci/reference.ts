/** The parts of an image's name. */
export interface Reference {
  /** The registry's host, with its port when it has one. */
  readonly host: string;
  /** The repository in that registry. */
  readonly repository: string;
  readonly tag: string;
}

/** Takes `host/repository:tag` apart. @throws {TypeError} when a part is missing. */
export function parseReference(text: string): Reference {
  const match = /^([^/]+[.:][^/]*)\/([a-z0-9._\/-]+):([\w.-]+)$/.exec(text);
  const [, host, repository, tag] = match ?? [];
  if (host && repository && tag) return { host, repository, tag };
  throw new TypeError(`Cannot use image "${text}": it is not of the form host/repository:tag`);
}
