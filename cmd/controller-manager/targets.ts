/** The release that a pool is to run: the one that is named, or what its channel says. */
import { parseDurationMs } from "$lib/cli/mod.ts";
import type { Clock } from "$lib/clock/mod.ts";
import type { Pool, PoolSpec } from "$lib/pool/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { newestTag } from "./channel.ts";
import { timeOf } from "./progress.ts";
import type { Target } from "./status.ts";

/** How long after a failure a channel is asked again, milliseconds. */
const AGAIN_MS = 60_000;

/** Lists the tags of a repository. */
export type Tags = (
  repository: string,
  registry: string | undefined,
  signal: AbortSignal,
) => Promise<readonly string[]>;

/** Looks targets up, a channel no more often than its pool says. */
export class Targets {
  readonly #failures = new Map<string, { readonly fault: string; readonly untilMs: number }>();

  constructor(readonly clock: Clock, readonly tags: Tags) {}

  /** The target of a pool; one that cannot be looked up anew stays what it was. */
  async of(pool: Pool, spec: PoolSpec, signal: AbortSignal): Promise<Target> {
    if (spec.version !== undefined) return { version: spec.version };
    const known = knownTarget(pool);
    const checkedMs = known.checkedAt === undefined ? -Infinity : Date.parse(known.checkedAt);
    if (this.clock.now() < checkedMs + parseDurationMs(spec.checkInterval)) return known;
    const key = `${pool.metadata.name} ${pool.metadata.generation}`;
    const failure = this.#failures.get(key);
    if (failure && this.clock.monotonic() < failure.untilMs) {
      return { ...known, fault: failure.fault };
    }
    try {
      const version = await this.#resolve(spec, signal);
      this.#failures.delete(key);
      return { version, checkedAt: timeOf(this.clock.now()) };
    } catch (error) {
      const fault = messageOf(error);
      this.#failures.set(key, { fault, untilMs: this.clock.monotonic() + AGAIN_MS });
      return { ...known, fault };
    }
  }

  async #resolve({ channel, repository, registry }: PoolSpec, signal: AbortSignal) {
    if (channel === undefined) throw new Error("neither spec.version nor spec.channel is set");
    const tags = await this.tags(repository, registry, signal);
    const tag = newestTag(channel, tags);
    if (tag !== undefined) return tag;
    throw new Error(
      `Cannot resolve channel "${channel}": none of the ${tags.length} tags of "${repository}" is a release` +
        (channel === "stable" ? " (channel latest also counts what comes before one)" : ""),
    );
  }
}

/** What the status remembers of the same spec. */
function knownTarget({ metadata, status = {} }: Pool): Target {
  const { observedGeneration, targetVersion, checkedAt } = status;
  if (observedGeneration !== metadata.generation || targetVersion === undefined) return {};
  return { version: targetVersion, ...(checkedAt === undefined ? {} : { checkedAt }) };
}
