import { join } from "node:path";
import { type Descriptor, type ImageManifest, json, MEDIA, type OciImage } from "./image.ts";

/** The annotation of an index entry that holds an image's name. */
const NAME = "org.opencontainers.image.ref.name";

/** An entry of a layout's index. */
interface Entry extends Descriptor {
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A directory of images as the OCI image layout has it; parts that images share lie there once. */
export class OciLayout {
  constructor(readonly directory: string) {}

  /** The manifest of a named image, or nothing. */
  async find(name: string): Promise<Descriptor | undefined> {
    return (await this.#entries()).find(({ annotations }) => annotations?.[NAME] === name);
  }

  /** Adds an image, or replaces the one of that name. */
  async put(name: string, image: OciImage): Promise<void> {
    await this.#makeBlobs();
    for (const [digest, bytes] of image.blobs) await this.#write(this.path(digest), bytes);
    await this.#enter(name, image.manifest);
  }

  /** Adds an image of another layout on the same file system without copying its bytes. */
  async link(name: string, from: OciLayout, manifest: Descriptor): Promise<void> {
    await this.#makeBlobs();
    const { config, layers } = await from.manifest(manifest);
    for (const { digest } of [manifest, config, ...layers]) {
      await Deno.link(from.path(digest), this.path(digest)).catch((error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      });
    }
    await this.#enter(name, manifest);
  }

  /** The manifest that a descriptor points at. */
  async manifest({ digest }: Descriptor): Promise<ImageManifest> {
    return JSON.parse(await Deno.readTextFile(this.path(digest)));
  }

  async #makeBlobs(): Promise<void> {
    await Deno.mkdir(join(this.directory, "blobs", "sha256"), { recursive: true });
  }

  async #enter(name: string, manifest: Descriptor): Promise<void> {
    const others = (await this.#entries()).filter(({ annotations }) =>
      annotations?.[NAME] !== name
    );
    const entry: Entry = { ...manifest, annotations: { [NAME]: name } };
    const manifests = [...others, entry].sort((a, b) =>
      (a.annotations?.[NAME] ?? "") < (b.annotations?.[NAME] ?? "") ? -1 : 1
    );
    await this.#write(
      join(this.directory, "oci-layout"),
      json({ imageLayoutVersion: "1.0.0" }),
    );
    await this.#write(
      join(this.directory, "index.json"),
      json({ schemaVersion: 2, mediaType: MEDIA.index, manifests }),
    );
  }

  /** Where the bytes of a digest lie. */
  path(digest: string): string {
    return join(this.directory, "blobs", ...digest.split(":"));
  }

  async #entries(): Promise<Entry[]> {
    const text = await Deno.readTextFile(join(this.directory, "index.json")).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    return text === undefined ? [] : JSON.parse(text).manifests;
  }

  /** Writes in one step, so that who reads meanwhile sees all or nothing. */
  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.${Deno.pid}.tmp`;
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  }
}
