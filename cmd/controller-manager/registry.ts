/** The tags of an image, by the registry's HTTP API. */
import { readBounded, reasonOf } from "$lib/secure_http/mod.ts";

/** How long one answer may take, milliseconds. */
const ANSWER_MS = 15_000;
/** A repository of more tags than this is not read to its end. */
const MAX_PAGES = 50;
const PAGE_TAGS = 1_000;

/** What listing tags takes. */
export interface TagOptions {
  /** `https://host[:port]`; unless told, the host in `repository`. */
  readonly registry?: string | undefined;
  /** PEM of authorities that are trusted beside the well-known ones. */
  readonly ca?: string | undefined;
  readonly signal: AbortSignal;
}

/** The tags of `repository` (`host/path`), by an anonymous token where the registry wants one. @throws {Error} */
export async function listTags(
  repository: string,
  { registry, ca, signal }: TagOptions,
): Promise<string[]> {
  const { endpoint, path } = placeOf(repository, registry);
  using client = Deno.createHttpClient(ca === undefined ? {} : { caCerts: [ca] });
  const what = `list the tags of "${repository}" at ${endpoint}`;
  let login = "";
  const get = async (url: URL): Promise<Response> => {
    const headers: Record<string, string> = login === "" ? {} : { authorization: login };
    const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    return await fetch(url, { client, headers, signal: late });
  };
  try {
    const tags: string[] = [];
    let url: URL | undefined = new URL(`/v2/${path}/tags/list?n=${PAGE_TAGS}`, endpoint);
    for (let page = 0; url && page < MAX_PAGES; page++) {
      let answer = await get(url);
      const challenge = answer.headers.get("www-authenticate");
      if (answer.status === 401 && login === "" && challenge) {
        await answer.body?.cancel();
        login = await anonymousLogin(challenge, get);
        answer = await get(url);
      }
      const text = await readBounded(answer);
      if (!answer.ok) throw new Error(`it answered ${answer.status} ${text.trim().slice(0, 200)}`);
      tags.push(...tagsOf(text));
      url = nextPage(answer.headers.get("link"), url, endpoint);
    }
    return tags;
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`Cannot ${what}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Where a repository is asked for, and its path there. */
export function placeOf(
  repository: string,
  registry?: string,
): { readonly endpoint: string; readonly path: string } {
  const slash = repository.indexOf("/");
  const host = repository.slice(0, slash);
  // The name that images of this registry have is not the one that it answers by.
  const answers = host === "docker.io" ? "registry-1.docker.io" : host;
  return { endpoint: registry ?? `https://${answers}`, path: repository.slice(slash + 1) };
}

/** The `authorization` that whoever asks is given for this challenge. */
async function anonymousLogin(
  challenge: string,
  get: (url: URL) => Promise<Response>,
): Promise<string> {
  const parts = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  const realm = parts.get("realm") ?? "";
  if (!/^Bearer /i.test(challenge) || !URL.canParse(realm)) {
    throw new Error("it wants a login that is not one by token");
  }
  const url = new URL(realm);
  if (url.protocol !== "https:") throw new Error(`it sends for a token to "${realm}", not https`);
  for (const name of ["service", "scope"]) {
    const value = parts.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const answer = await get(url);
  const text = await readBounded(answer);
  if (!answer.ok) throw new Error(`${url.origin} gives no token: ${answer.status}`);
  const { token, access_token: other } = JSON.parse(text) as Record<string, unknown>;
  const found = token ?? other;
  if (typeof found !== "string") throw new Error(`${url.origin} gives no token`);
  return `Bearer ${found}`;
}

function tagsOf(text: string): string[] {
  const { tags } = JSON.parse(text) as { tags?: unknown };
  // Null where the repository is there and has none.
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}

function nextPage(link: string | null, current: URL, endpoint: string): URL | undefined {
  const next = /<([^>]+)>;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (next === undefined) return undefined;
  const url = new URL(next, current);
  // The login is not for others.
  if (url.origin !== new URL(endpoint).origin) throw new Error(`its next page is at ${url.origin}`);
  return url;
}
