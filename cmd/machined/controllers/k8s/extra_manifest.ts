import {
  type Controller,
  type ControllerRuntime,
  exclusive,
  inNamespace,
  sameValue,
  weak,
} from "$lib/cosi/mod.ts";
import {
  type ExtraManifest,
  type ExtraManifestsConfig,
  EXTRAS,
  KubernetesControlPlaneConfig,
  Manifest,
  type ManifestSpec,
  Service,
} from "$lib/resources/mod.ts";
import { parseManifest } from "./manifests/parse.ts";

/** The manifests of the user. */
export const UserManifest = inNamespace(Manifest, EXTRAS);

/** How a text is fetched. */
export interface FetchOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Fetches the text at a URL; throws with the reason when it cannot. */
export type FetchText = (url: string, options: FetchOptions) => Promise<string>;

/** A manifest as it was fetched. */
interface Fetched {
  readonly source: ExtraManifest;
  readonly objects: ManifestSpec;
}

/** Keeps the Manifests that the configuration names by URL. Each is fetched once, unless it fails. */
export class ExtraManifestController implements Controller {
  readonly name = "k8s.ExtraManifestController";
  readonly inputs = [
    weak(KubernetesControlPlaneConfig, "extra-manifests"),
    weak(Service, "networkd"),
  ];
  readonly outputs = [exclusive(UserManifest)];
  readonly #fetched = new Map<string, Fetched>();

  constructor(readonly deps: { fetchText: FetchText }) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const config = await pass.find(KubernetesControlPlaneConfig, "extra-manifests");
      if (!config) continue;
      const network = await pass.find(Service, "networkd");
      const faults: string[] = [];
      for (const source of (config as ExtraManifestsConfig).extraManifests) {
        const id = `${source.priority}-${source.url}`;
        try {
          const known = this.#known(id, source);
          if (!known && !network?.healthy) {
            pass.keep();
            continue;
          }
          await pass.put(UserManifest, id, known ?? await this.#fetch(id, source, rt.signal));
        } catch (error) {
          faults.push(error instanceof Error ? error.message : String(error));
        }
      }
      // What could be fetched is there; the rest is tried again, later and later.
      if (faults.length > 0) throw new Error(faults.join("; "));
    }
  }

  #known(id: string, source: ExtraManifest): ManifestSpec | undefined {
    const known = this.#fetched.get(id);
    return known && sameValue(known.source, source) ? known.objects : undefined;
  }

  async #fetch(id: string, source: ExtraManifest, signal: AbortSignal): Promise<ManifestSpec> {
    const { url, extraHeaders: headers } = source;
    const objects = parseManifest(await this.deps.fetchText(url, { headers, signal }), url);
    this.#fetched.set(id, { source, objects });
    return objects;
  }
}
