import type { SecureHttp } from "$lib/secure_http/mod.ts";
import { KubeError, refusing } from "./error.ts";
import { groupPath, type ResourceType } from "./paths.ts";

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** Finds where objects of a kind belong by asking the API server, once a group. */
export class Discovery {
  readonly #groups = new Map<string, ReadonlyMap<string, ResourceType>>();

  constructor(readonly http: Pick<SecureHttp, "json">) {}

  /** The type of a kind. One that is not there is looked for anew each time: it may come. */
  async find(
    apiVersion: string,
    kind: string,
    signal?: AbortSignal,
  ): Promise<ResourceType | undefined> {
    const known = this.#groups.get(apiVersion)?.get(kind);
    if (known) return known;
    const group = await this.#load(apiVersion, signal);
    this.#groups.set(apiVersion, group);
    return group.get(kind);
  }

  async #load(apiVersion: string, signal?: AbortSignal): Promise<Map<string, ResourceType>> {
    const types = new Map<string, ResourceType>();
    try {
      const { resources } = await refusing(
        `list the kinds of "${apiVersion}"`,
        () => this.http.json<ResourceList>("GET", groupPath(apiVersion), signal ? { signal } : {}),
      );
      for (const { name, kind, namespaced } of resources) {
        // `deployments/scale` belongs to a kind of another group.
        if (!name.includes("/")) types.set(kind, { apiVersion, plural: name, namespaced });
      }
    } catch (error) {
      // A group that is not there answers as any unknown path does.
      if (!(error instanceof KubeError) || error.status !== 404) throw error;
    }
    return types;
  }
}
