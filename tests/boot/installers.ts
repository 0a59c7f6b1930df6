/** Installers of two releases, and a registry that serves them to a machine under test. */
import { join } from "node:path";
import type { Document } from "yaml";
import { buildInstaller } from "../../mkimage/assets/installer.ts";
import { developmentKeys } from "../../mkimage/keys.ts";
import { type Lock, parseLock } from "../../mkimage/lock.ts";
import { MEDIA } from "../../mkimage/oci/image.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { CACHE, KEY_DIR, LOCK_FILE } from "../../mkimage/paths.ts";
import { DIST } from "./node.ts";

/** The registry of the installers, by the name that machines under test know it by. */
export const REGISTRY = "installers.test";
/** Where the installers are in it; their tags are their releases. */
export const REPOSITORY = `${REGISTRY}/installer`;

/** A release that a test upgrades to, made of the same sources. */
export const NEXT_TAG = "v0.1.1";
const NEXT = join(DIST, "next");

/** Builds the image of the next release, unless there is one of the same build. */
export async function nextImage(): Promise<string> {
  const built = async (directory: string) =>
    JSON.parse(await Deno.readTextFile(join(directory, "manifest.json"))).sha as string;
  if (await built(DIST) === await built(NEXT).catch(() => "")) return NEXT;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "mkimage/main.ts", "image"],
      ...["--tag", NEXT_TAG, "--output", NEXT],
    ],
    cwd: new URL("../../", import.meta.url).pathname,
    stdin: "null",
    stdout: "null",
  }).output();
  if (success) return NEXT;
  throw new Error(`Cannot build ${NEXT_TAG}: ${new TextDecoder().decode(stderr).slice(-2000)}`);
}

/** Makes the installer of an image. */
export async function installerOf(image: string, output: string): Promise<BuiltImage> {
  return await buildInstaller({
    ...{ image, output, cache: CACHE, extraArguments: [], say: () => {} },
    ...{ lock: await lock(), privateKey: await privateKey() },
  });
}

/** A registry on loopback, and its URL as QEMU's machines reach it. */
export interface ServedInstallers extends AsyncDisposable {
  readonly endpoint: string;
}

/** Has the machine of a configuration find the installers that are served. */
export function mirrorInstallers(document: Document, { endpoint }: ServedInstallers): void {
  document.setIn(["machine", "registries", "mirrors", REGISTRY], { endpoints: [endpoint] });
}

/** Serves installers: the tag of a repository `installer` is the name of an image. */
export function serveInstallers(images: Readonly<Record<string, BuiltImage>>): ServedInstallers {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const reference = /^\/v2\/installer\/(?:manifests|blobs)\/(.+)$/.exec(pathname)?.[1];
      if (reference === undefined) return new Response("{}");
      const digest = images[reference]?.manifest.digest ?? decodeURIComponent(reference);
      for (const { layout, manifest } of Object.values(images)) {
        const file = await Deno.open(layout.path(digest)).catch(() => undefined);
        if (!file) continue;
        const isManifest = manifest.digest === digest;
        const headers = {
          "content-type": isManifest ? MEDIA.manifest : "application/octet-stream",
          "content-length": String((await file.stat()).size),
          "docker-content-digest": digest,
        };
        if (request.method !== "HEAD") return new Response(file.readable, { headers });
        file.close();
        return new Response(null, { headers });
      }
      return new Response("not here", { status: 404 });
    },
  );
  return {
    endpoint: `http://10.0.2.2:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function lock(): Promise<Lock> {
  return parseLock(await Deno.readTextFile(LOCK_FILE));
}

async function privateKey(): Promise<string> {
  return (await developmentKeys(KEY_DIR)).privateKey;
}
