/**
 * Which release this is and how it was built.
 *
 * @module
 */

export { compareReleases, parseRelease, type Release } from "./release.ts";

/** The release of this source tree; image tags and `talosctl version` carry it. */
export const VERSION = "v0.1.0";

/** Where the project's own images live: `<IMAGE_PREFIX>/installer:<tag>` and so on. */
export const IMAGE_PREFIX = "ghcr.io/talos-deno";

/** What the build writes into a bundle as `globalThis.BUILD`. */
export interface BuildStamp {
  /** Release tag, e.g. `v0.1.0`; a build may override it to make a second release for tests. */
  readonly tag: string;
  /** Short commit hash, or `unknown` outside a checkout. */
  readonly sha: string;
  /** When the source was committed, RFC 3339. */
  readonly built: string;
}

/** What `version` answers about this program. */
export interface BuildInfo extends BuildStamp {
  /** The runtime and its packaging, e.g. `deno2.9.6 (portable)`. */
  readonly runtime: string;
  readonly os: string;
  readonly arch: string;
}

/** The build of the running program; a source checkout answers with development values. */
export function buildInfo(): BuildInfo {
  const stamp = (globalThis as { BUILD?: BuildStamp }).BUILD;
  const layout = Deno.build.standalone ? "compiled" : stamp ? "portable" : "source";
  return {
    tag: stamp?.tag ?? VERSION,
    sha: stamp?.sha ?? "unknown",
    built: stamp?.built ?? "1970-01-01T00:00:00Z",
    runtime: `deno${Deno.version.deno} (${layout})`,
    os: Deno.build.os,
    arch: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
  };
}
