import { sha256 } from "../hash.ts";

/** Media types of what an image is made of. */
export const MEDIA = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  zstdLayer: "application/vnd.oci.image.layer.v1.tar+zstd",
} as const;

/** How an image points at bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** The manifest of an image. */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType: typeof MEDIA.manifest;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What a container of an image runs unless it is told otherwise. */
export interface ImageSettings {
  readonly entrypoint: readonly string[];
  /** User and group by number. */
  readonly user?: string;
  /** Its environment beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A whole image: its manifest's descriptor, and every part by digest. */
export interface OciImage {
  readonly manifest: Descriptor;
  readonly blobs: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** An image of one layer, a tar, for linux on amd64; `zstd` is the same tar as it is to be carried. */
export function ociImage(
  layer: Uint8Array<ArrayBuffer>,
  settings: ImageSettings,
  zstd?: Uint8Array<ArrayBuffer>,
): OciImage {
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const add = (mediaType: string, bytes: Uint8Array<ArrayBuffer>): Descriptor => {
    const digest = `sha256:${sha256(bytes)}`;
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const content = zstd === undefined ? add(MEDIA.layer, layer) : add(MEDIA.zstdLayer, zstd);
  const config = add(
    MEDIA.config,
    json({
      architecture: "amd64",
      os: "linux",
      config: {
        Entrypoint: settings.entrypoint,
        Env: Object.entries({ PATH, ...settings.env }).map(([name, value]) => `${name}=${value}`),
        WorkingDir: "/",
        ...(settings.user ? { User: settings.user } : {}),
      },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config,
    layers: [content],
  };
  return { manifest: add(MEDIA.manifest, json(manifest)), blobs };
}

/** A value as the JSON that a digest is taken of. */
export function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
