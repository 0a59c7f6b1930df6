import { SUPPORTED_KUBERNETES } from "$lib/config/mod.ts";

/** A release of Kubernetes. */
export interface Release {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Reads `1.35.4` or `v1.35.4`. @throws {TypeError} */
export function parseRelease(text: string): Release {
  const match = /^v?(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (!match) throw new TypeError(`Cannot use Kubernetes version "${text}": it is not like 1.35.4`);
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  return { major, minor, patch };
}

/** `1.35.4` */
export function releaseText({ major, minor, patch }: Release): string {
  return `${major}.${minor}.${patch}`;
}

/**
 * Why Kubernetes cannot go from one release to another, or undefined when it can: within a minor
 * release, or to the next one.
 */
export function pathFault(
  from: Release,
  to: Release,
  supported: readonly string[] = SUPPORTED_KUBERNETES,
): string | undefined {
  const minor = ({ major, minor }: Release): string => `${major}.${minor}`;
  const path = `unsupported upgrade path "${releaseText(from)}" -> "${releaseText(to)}"`;
  if (!supported.includes(minor(to))) {
    return `${path}: this release runs Kubernetes ${supported.join(", ")}`;
  }
  const step = to.major === from.major ? to.minor - from.minor : to.major - from.major > 0 ? 2 : -1;
  if (step < 0) return `${path}: Kubernetes cannot go back to an earlier minor release`;
  if (step <= 1) return undefined;
  return `${path}: upgrade to ${from.major}.${from.minor + 1} first, minor releases go one by one`;
}
