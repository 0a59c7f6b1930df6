import type { FetchOptions } from "./extra_manifest.ts";

const TIMEOUT_MS = 60_000;
/** No manifest is larger: one object may have 1.5 MB in etcd. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Fetches text over HTTP or HTTPS. */
export async function fetchText(
  url: string,
  { headers, signal }: FetchOptions,
): Promise<string> {
  const fail = (why: string, cause?: unknown) =>
    new Error(`Cannot fetch manifest "${url}": ${why}`, { cause });
  if (!/^https?:\/\//.test(url)) throw fail("it is no http:// or https:// URL");
  try {
    const late = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, late]) });
    if (!response.ok) throw fail(`the server answered ${response.status}`);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > MAX_BYTES) throw fail(`it is larger than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return await new Blob(chunks).text();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Cannot fetch manifest")) throw error;
    throw fail(error instanceof Error ? error.message : String(error), error);
  }
}
