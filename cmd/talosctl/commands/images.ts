import { flag } from "$lib/cli/mod.ts";
import { imageList, KUBERNETES_VERSION } from "$lib/config/mod.ts";
import { command, type Session } from "../session.ts";
import { parseRelease, releaseText } from "../upgrade_k8s/path.ts";

/** `talosctl images` */
export const imagesCommand = command({
  summary: "List the default images used by Talos",
  flags: {
    kubernetesVersion: flag.string("the Kubernetes version to list the images of", {
      fallback: KUBERNETES_VERSION,
    }),
  },
  async run({ kubernetesVersion }, { out }: Session) {
    for (const image of imageList(releaseText(parseRelease(kubernetesVersion)))) out.line(image);
  },
});
