import type { OciLayout } from "../oci/layout.ts";
import { type Descriptor, MEDIA } from "../oci/image.ts";

/** How long one request may take, milliseconds; the largest part is some 100 megabytes. */
const DEADLINE_MS = 300_000;

/** A client of a registry's HTTP API. */
export class RegistryClient implements Disposable {
  readonly #http: Deno.HttpClient;

  /** `endpoint` as `https://host:port`; `ca` is trusted besides the well-known ones, PEM. */
  constructor(readonly endpoint: string, ca?: string) {
    this.#http = Deno.createHttpClient(ca ? { caCerts: [ca] } : {});
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  /** Whether something answers there that speaks the API. */
  async answers(): Promise<boolean> {
    try {
      const answer = await this.#request("GET", "/v2/", { deadlineMs: 5_000 });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** The digest that a tag stands for, or nothing. */
  async digestOf(repository: string, tag: string): Promise<string | undefined> {
    const answer = await this.#request("HEAD", `/v2/${repository}/manifests/${tag}`, {
      headers: { accept: MEDIA.manifest },
    });
    await answer.body?.cancel();
    if (answer.status === 404) return undefined;
    await this.#expect(answer, 200, `look up ${repository}:${tag}`);
    return answer.headers.get("docker-content-digest") ?? undefined;
  }

  /** Copies an image out of a layout; parts that the registry has stay as they are. */
  async push(
    layout: OciLayout,
    manifest: Descriptor,
    { repository, tag }: { readonly repository: string; readonly tag: string },
  ): Promise<void> {
    const { config, layers } = await layout.manifest(manifest);
    for (const part of [...layers, config]) await this.#pushBlob(layout, part, repository);
    const answer = await this.#request("PUT", `/v2/${repository}/manifests/${tag}`, {
      headers: { "content-type": MEDIA.manifest },
      body: await Deno.readFile(layout.path(manifest.digest)),
    });
    await this.#expect(answer, 201, `push the manifest of ${repository}:${tag}`);
  }

  async #pushBlob(layout: OciLayout, { digest }: Descriptor, repository: string): Promise<void> {
    const there = await this.#request("HEAD", `/v2/${repository}/blobs/${digest}`);
    await there.body?.cancel();
    if (there.status === 200) return;
    const start = await this.#request("POST", `/v2/${repository}/blobs/uploads/`);
    await this.#expect(start, 202, `start an upload to ${repository}`);
    const location = new URL(start.headers.get("location") ?? "", this.endpoint);
    location.searchParams.set("digest", digest);
    const end = await this.#request("PUT", location.href.slice(this.endpoint.length), {
      headers: { "content-type": "application/octet-stream" },
      body: await Deno.readFile(layout.path(digest)),
    });
    await this.#expect(end, 201, `push ${digest} to ${repository}`);
  }

  #request(
    method: string,
    path: string,
    { deadlineMs = DEADLINE_MS, ...rest }: {
      readonly headers?: Record<string, string>;
      readonly body?: Uint8Array<ArrayBuffer>;
      readonly deadlineMs?: number;
    } = {},
  ): Promise<Response> {
    const signal = AbortSignal.timeout(deadlineMs);
    return fetch(this.endpoint + path, { method, ...rest, client: this.#http, signal });
  }

  async #expect(answer: Response, status: number, what: string): Promise<void> {
    const text = await answer.text();
    if (answer.status === status) return;
    throw new Error(`Cannot ${what}: ${this.endpoint} answered ${answer.status} ${text.trim()}`);
  }
}
