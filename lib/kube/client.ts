import { type CallOptions, SecureHttp, type SecureTarget } from "$lib/secure_http/mod.ts";
import { Discovery } from "./discovery.ts";
import { isRefusal, refusing } from "./error.ts";
import { describeObject, type KubeObject } from "./objects.ts";
import { objectPath, type Place, query, type ResourceType } from "./paths.ts";
import { type KubeEvent, watchObjects, type WatchOptions } from "./watch.ts";

/** A list as the API server gives it. */
export interface KubeList<T> {
  readonly items: readonly T[];
  /** `continue` asks for what follows, where a limit was set. */
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

/** How patches may be written. */
export type PatchKind = "merge" | "strategic" | "json";

const PATCH_TYPES: Readonly<Record<PatchKind, string>> = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
};

const JSON_TYPE = { "content-type": "application/json" };

/** Settings of any call; the deadline is 15 s unless told. */
export type KubeCall = Pick<CallOptions, "signal" | "timeoutMs">;

/** A client of one API server. Refusals are KubeErrors, silence an UnreachableError. */
export class KubeClient implements Disposable {
  readonly #http: SecureHttp;
  readonly #discovery: Discovery;

  constructor(target: SecureTarget) {
    this.#http = new SecureHttp(target);
    this.#discovery = new Discovery(this.#http);
  }

  /** Resolves when the API server is ready to serve. */
  async ready(call: KubeCall = {}): Promise<void> {
    await refusing("use the API server", () => this.#http.text("GET", "/readyz", call));
  }

  /** The object; undefined when there is none. */
  async find<T = KubeObject>(
    type: ResourceType,
    place: Place,
    call: KubeCall = {},
  ): Promise<T | undefined> {
    const path = objectPath(type, place);
    try {
      return await refusing(`read ${path}`, () => this.#http.json<T>("GET", path, call));
    } catch (error) {
      if (isRefusal(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** The objects of a type, in all namespaces unless one is named. */
  async list<T = KubeObject>(
    type: ResourceType,
    select: {
      namespace?: string;
      labelSelector?: string;
      fieldSelector?: string;
      limit?: string;
      continue?: string;
    } = {},
    call: KubeCall = {},
  ): Promise<KubeList<T>> {
    const { namespace, ...selectors } = select;
    const path = objectPath(type, namespace === undefined ? {} : { namespace });
    return await refusing(
      `list ${path}`,
      () => this.#http.json<KubeList<T>>("GET", path + query(selectors), call),
    );
  }

  /** What is there, then each change, until `signal` fires. The API server may end it earlier. */
  watch(type: ResourceType, options: WatchOptions): AsyncGenerator<KubeEvent, void> {
    return watchObjects(this.#http, type, options);
  }

  /**
   * Server-side apply. Without `force` a field that somebody else owns and has another value is
   * refused as `Conflict`.
   *
   * @throws {KubeError} `NotFound` too when the API server does not know the kind (yet)
   */
  async apply(
    object: KubeObject,
    options: { manager: string; force?: boolean } & KubeCall,
  ): Promise<KubeObject> {
    const { apiVersion, kind, metadata } = object;
    const { manager, force, ...call } = options;
    const type = await this.#discovery.find(apiVersion, kind, call.signal);
    const what = `apply ${describeObject(object)}`;
    if (!type) {
      throw new Error(`Cannot ${what}: the API server knows no kind "${kind}" in "${apiVersion}"`);
    }
    const { name, namespace } = metadata;
    const path = objectPath(type, namespace === undefined ? { name } : { name, namespace });
    const parameters = query({ fieldManager: manager, force: force ? "true" : undefined });
    return await refusing(what, () =>
      this.#http.json<KubeObject>("PATCH", path + parameters, {
        ...call,
        headers: { "content-type": "application/apply-patch+yaml" },
        body: JSON.stringify(object),
      }));
  }

  /** Creates what is posted there: an object, or an action such as `pods/<name>/eviction`. */
  async create<T = KubeObject>(
    type: ResourceType,
    place: Place,
    object: unknown,
    call: KubeCall = {},
  ): Promise<T> {
    const path = objectPath(type, place);
    const body = JSON.stringify(object);
    return await refusing(
      `create in ${path}`,
      () => this.#http.json<T>("POST", path, { ...call, headers: JSON_TYPE, body }),
    );
  }

  /** Changes some fields of an object. */
  async patch<T = KubeObject>(
    type: ResourceType,
    place: Place,
    patch: unknown,
    { kind = "merge", ...call }: { kind?: PatchKind } & KubeCall = {},
  ): Promise<T> {
    const path = objectPath(type, place);
    return await refusing(`patch ${path}`, () =>
      this.#http.json<T>("PATCH", path, {
        ...call,
        headers: { "content-type": PATCH_TYPES[kind] },
        body: JSON.stringify(patch),
      }));
  }

  /** Deletes an object; one that is not there is no error. */
  async delete(type: ResourceType, place: Place, call: KubeCall = {}): Promise<void> {
    const path = objectPath(type, place);
    try {
      await refusing(`delete ${path}`, () => this.#http.text("DELETE", path, call));
    } catch (error) {
      if (!isRefusal(error, "NotFound")) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }
}
