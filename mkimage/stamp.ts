import { type BuildStamp, VERSION } from "$lib/version/mod.ts";
import { ROOT } from "./paths.ts";
import { run } from "./run.ts";

/** The stamp of a build of this checkout; times are the commit's, so that equal sources give equal bytes. */
export async function buildStamp(tag: string = VERSION): Promise<BuildStamp> {
  const epoch = await sourceEpoch();
  return {
    tag,
    sha: await commit(),
    built: new Date(epoch * 1000).toISOString().slice(0, 19) + "Z",
  };
}

/** Seconds since 1970 that stand for "now" in a build: SOURCE_DATE_EPOCH, or the commit's time. */
export async function sourceEpoch(): Promise<number> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given !== undefined) {
    if (!/^\d{1,10}$/.test(given)) {
      throw new RangeError(`Cannot date the build: SOURCE_DATE_EPOCH is "${given}"`);
    }
    return Number(given);
  }
  return Number((await git("log", "-1", "--format=%ct")) ?? 0);
}

async function commit(): Promise<string> {
  return await git("rev-parse", "--short=12", "HEAD") ?? "unknown";
}

async function git(...args: string[]): Promise<string | undefined> {
  try {
    return (await run("git", ["-C", ROOT, ...args])).trim();
  } catch {
    // An exported tree without git history is a normal place to build in.
    return undefined;
  }
}

/** The line in front of a bundle that tells the program which build it is. */
export function stampLine(stamp: BuildStamp): string {
  const { tag, sha, built } = stamp;
  return `globalThis.BUILD=${JSON.stringify({ tag, sha, built })};\n`;
}
