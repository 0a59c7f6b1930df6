/** The JSON documents of an image: which manifest, which layers, what process. */
import type { ImageProcess } from "./oci_spec.ts";

/** The CPU architecture of this node in the words of images. */
export type Architecture = "amd64" | "arm64";

const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The digest of the manifest for `architecture`, or undefined when `document` is one itself. */
export function manifestIn(document: string, architecture: Architecture): string | undefined {
  const manifests = field(JSON.parse(document), "manifests");
  if (!Array.isArray(manifests)) return undefined;
  for (const entry of manifests) {
    const platform = field(entry, "platform");
    const fits = field(platform, "os") === "linux" &&
      field(platform, "architecture") === architecture;
    const digest = field(entry, "digest");
    if (fits && typeof digest === "string") return digest;
  }
  throw new Error(`Cannot use image: it has no manifest for linux/${architecture}`);
}

/** The digest of the configuration that a manifest names. @throws {Error} when it names none. */
export function configIn(manifest: string): string {
  const digest = field(field(JSON.parse(manifest), "config"), "digest");
  if (typeof digest !== "string") throw new Error("Cannot use image: its manifest has no config");
  return digest;
}

/** What the configuration says: digests of the unpacked layers, and the process. */
export function imageConfig(document: string): { diffIds: string[]; process: ImageProcess } {
  const config: unknown = JSON.parse(document);
  const diffIds = strings(field(field(config, "rootfs"), "diff_ids"));
  if (diffIds.length === 0) throw new Error("Cannot use image: its config names no layers");
  const run = field(config, "config");
  const env = strings(field(run, "Env"));
  const cwd = field(run, "WorkingDir");
  return {
    diffIds,
    process: {
      env: env.some((line) => line.startsWith("PATH=")) ? env : [DEFAULT_PATH, ...env],
      cwd: typeof cwd === "string" && cwd !== "" ? cwd : "/",
    },
  };
}

/** The name of the snapshot that holds all of these layers: OCI's ChainID. */
export async function chainId(diffIds: readonly string[]): Promise<string> {
  let chain = diffIds[0] ?? "";
  for (const id of diffIds.slice(1)) {
    const bytes = new TextEncoder().encode(`${chain} ${id}`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    chain = `sha256:${digest.toHex()}`;
  }
  return chain;
}

function field(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const entry: unknown = Reflect.get(value, key);
  return entry;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
