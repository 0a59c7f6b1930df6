/** The Talos Controller Manager in the cluster of a test: its image, its manifests, what it may use. */
import { join } from "node:path";
import { CREDENTIALS, NAMESPACE } from "$lib/pool/mod.ts";
import {
  buildControllerManager,
  controllerManagerYaml,
} from "../../mkimage/assets/controller_manager.ts";
import { parseLock } from "../../mkimage/lock.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { buildStamp } from "../../mkimage/stamp.ts";
import type { Kubectl } from "./kubectl.ts";
import { say, type ServedImages } from "./served_images.ts";
import type { Talosctl } from "./talosctl.ts";

/** Builds its image into a folder of `directory`. */
export async function managerImage(directory: string): Promise<BuiltImage> {
  const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
  const output = join(directory, "image");
  return await buildControllerManager({
    ...{ lock, cache: CACHE, stamp: await buildStamp(), output, say },
  });
}

/** Applies its manifests, and gives it the credentials of the user. */
export async function deployManager(
  { name }: Pick<BuiltImage, "name">,
  { kubectl, user, served: { registry } }: {
    readonly kubectl: Kubectl;
    readonly user: Talosctl;
    readonly served: Pick<ServedImages, "registry">;
  },
): Promise<void> {
  await kubectl.print(["apply", "-f", "-"], controllerManagerYaml(name));
  const talosconfig = await Deno.readTextFile(join(user.home, "talosconfig"));
  await kubectl.apply({
    ...{ apiVersion: "v1", kind: "Secret" },
    metadata: { name: CREDENTIALS.secret, namespace: NAMESPACE },
    stringData: { [CREDENTIALS.key]: talosconfig, [CREDENTIALS.registryCa]: registry.ca },
  });
}
