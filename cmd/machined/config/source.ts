/** A machine configuration from a URL on the command line. */
import { type Clock } from "$lib/service/mod.ts";

/** How long fetching may take in all, milliseconds. */
const FETCH_LIMIT_MS = 70_000;
/** How long one attempt may take, milliseconds. */
const ATTEMPT_LIMIT_MS = 10_000;
/** First wait between attempts, milliseconds; it doubles up to 5 s. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** A configuration larger than this is refused before it is parsed. */
export const MAX_CONFIG_BYTES = 4 << 20;

/** What fetching needs of its surroundings. */
export interface FetchDeps {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** SMBIOS UUID of the machine, for `?uuid=`. */
  readonly uuid: () => string | undefined;
}

/** A configuration was refused for good: trying again would give the same. */
class RefusedError extends Error {}

/**
 * Fetches the configuration at `url`, trying again for up to 70 s; gzip is unpacked.
 *
 * @throws {Error} naming the URL and the last reason
 */
export async function fetchConfig(
  url: string,
  deps: FetchDeps,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const target = withUuid(url, deps.uuid);
  const deadline = deps.clock.monotonic() + FETCH_LIMIT_MS;
  let waitMs = FIRST_WAIT_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await fetchOnce(target, deps.fetch, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const reason = describe(cause);
      if (cause instanceof RefusedError || deps.clock.monotonic() + waitMs > deadline) {
        throw new Error(`Cannot fetch the configuration from "${target}": ${reason}`, { cause });
      }
      deps.log(`configuration not fetched yet, trying again: ${reason}`);
      await deps.clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }
}

/** Fills an empty `uuid` parameter of `url` with the machine's UUID. */
export function withUuid(url: string, uuid: () => string | undefined): string {
  const parsed = URL.parse(url);
  if (!parsed || parsed.searchParams.get("uuid") !== "") return url;
  parsed.searchParams.set("uuid", uuid() ?? "");
  return parsed.href;
}

async function fetchOnce(
  url: string,
  get: typeof fetch,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await get(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_LIMIT_MS)]),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the server answers ${response.status}`);
  }
  return await readConfigBytes(response.body);
}

/** What is in `stream`, gzip unpacked. @throws {Error} when it is too large */
export async function readConfigBytes(
  stream: ReadableStream<Uint8Array> | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await bounded(stream);
  return bytes[0] === 0x1f && bytes[1] === 0x8b
    ? await bounded(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")))
    : bytes;
}

/** The message with that of its cause: fetch says "fetch failed" and hides why one level down. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}

async function bounded(
  stream: ReadableStream<Uint8Array> | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > MAX_CONFIG_BYTES) {
      throw new RefusedError(`it is larger than ${MAX_CONFIG_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
