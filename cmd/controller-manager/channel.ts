import type { Channel } from "$lib/pool/mod.ts";
import { compareReleases, parseRelease, type Release } from "$lib/version/mod.ts";

/** The newest tag that belongs to a channel; tags that name no release count for none. */
export function newestTag(channel: Channel, tags: readonly string[]): string | undefined {
  let newest: { readonly tag: string; readonly release: Release } | undefined;
  for (const tag of tags) {
    const release = parseRelease(tag);
    if (!release || (channel === "stable" && release.pre.length > 0)) continue;
    if (!newest || compareReleases(release, newest.release) > 0) newest = { tag, release };
  }
  return newest?.tag;
}
