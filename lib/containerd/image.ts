import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ImageStoreSchema,
  OCIRegistrySchema,
} from "$proto/containerd/transfer_types/transfer_types_pb.ts";
import { type Containerd, NO_DEADLINE, packed } from "./client.ts";
import type { ContainerImage } from "./container.ts";
import {
  type Architecture,
  chainId,
  configIn,
  imageConfig,
  manifestIn,
} from "./image_documents.ts";
import type { ImageProcess } from "./oci_spec.ts";
import { parseReference } from "./reference.ts";

/** Where layers are unpacked. */
export const SNAPSHOTTER = "overlayfs";
/** Largest manifest or configuration that is read, bytes. */
const DOCUMENT_BYTES = 4 << 20;
/** How long one pull may take, milliseconds. */
const PULL_MS = 30 * 60_000;

/** An image that is there and unpacked. */
export interface UnpackedImage {
  readonly name: string;
  /** Digest of what the name stands for. */
  readonly digest: string;
  /** The snapshot that holds its files. */
  readonly snapshot: string;
  readonly process: ImageProcess;
}

/** How images come in. */
export interface ImageSource {
  /** Directory with a `hosts.toml` for each registry. */
  readonly hostsDirectory: string;
  readonly architecture: Architecture;
}

/** Gives the image, pulled first where it is missing or where its policy says so. */
export async function ensureImage(
  containerd: Containerd,
  image: ContainerImage,
  source: ImageSource,
  signal: AbortSignal,
): Promise<UnpackedImage> {
  const { name } = parseReference(image.reference);
  if (image.pull === "always") await pullImage(containerd, image.reference, source, signal);
  const found = await digestOf(containerd, name, signal);
  if (found !== undefined) return await unpacked(containerd, name, found, source, signal);
  await pullImage(containerd, image.reference, source, signal);
  const digest = await digestOf(containerd, name, signal);
  if (digest === undefined) {
    throw new Error(`Cannot find image "${name}": it was pulled and is gone`);
  }
  return await unpacked(containerd, name, digest, source, signal);
}

/** Pulls the image from its registry or a mirror of it, and unpacks it. */
export async function pullImage(
  { transfer }: Containerd,
  reference: string,
  { hostsDirectory, architecture }: ImageSource,
  signal: AbortSignal,
): Promise<void> {
  const { name, registry } = parseReference(reference);
  const platform = { os: "linux", architecture };
  const registrySide = create(OCIRegistrySchema, {
    reference: name,
    resolver: { hostDir: hostsDirectory },
  });
  const storeSide = create(ImageStoreSchema, {
    name,
    platforms: [platform],
    unpacks: [{ platform, snapshotter: SNAPSHOTTER }],
  });
  try {
    await transfer.transfer({
      source: packed(OCIRegistrySchema, registrySide),
      destination: packed(ImageStoreSchema, storeSide),
    }, { signal, timeoutMs: PULL_MS });
  } catch (error) {
    const { rawMessage } = ConnectError.from(error);
    throw new Error(
      `Cannot pull image "${name}" of registry "${registry}": ${rawMessage}; ` +
        "check its name, and the registry's mirrors in machine.registries",
      { cause: error },
    );
  }
}

async function digestOf(
  { images }: Containerd,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await images.get({ name }, { signal })).image?.target?.digest;
  } catch (error) {
    if (ConnectError.from(error).code === Code.NotFound) return undefined;
    throw error;
  }
}

async function unpacked(
  containerd: Containerd,
  name: string,
  digest: string,
  { architecture }: ImageSource,
  signal: AbortSignal,
): Promise<UnpackedImage> {
  const top = await document(containerd, digest, signal);
  const inner = manifestIn(top, architecture);
  const manifest = inner === undefined ? top : await document(containerd, inner, signal);
  const config = await document(containerd, configIn(manifest), signal);
  const { diffIds, process } = imageConfig(config);
  return { name, digest, snapshot: await chainId(diffIds), process };
}

async function document(
  { content }: Containerd,
  digest: string,
  signal: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const { data } of content.read({ digest }, { ...NO_DEADLINE, signal })) {
    text += decoder.decode(data, { stream: true });
    if (text.length > DOCUMENT_BYTES) throw new Error(`Cannot use ${digest}: it is too large`);
  }
  return text;
}
