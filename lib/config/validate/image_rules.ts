import type { Path } from "../finding.ts";
import { IMAGES, SUPPORTED_KUBERNETES } from "../generate/images.ts";
import type { MachineConfig } from "../schema/document.ts";
import type { Rule } from "./rule.ts";

/** The images of Kubernetes itself that a configuration names. */
function kubernetesImagesOf(config: MachineConfig): { path: Path; image: string }[] {
  const { machine, cluster } = config;
  const images: { path: Path; image: string | undefined }[] = [
    { path: ["machine", "kubelet", "image"], image: machine.kubelet?.image },
    { path: ["cluster", "apiServer", "image"], image: cluster.apiServer?.image },
    { path: ["cluster", "controllerManager", "image"], image: cluster.controllerManager?.image },
    { path: ["cluster", "proxy", "image"], image: cluster.proxy?.image },
    { path: ["cluster", "scheduler", "image"], image: cluster.scheduler?.image },
  ];
  return images.flatMap(({ path, image }) => (image ? [{ path, image }] : []));
}

/** The minor release in an image's tag, `1.35` of `…/kubelet:v1.35.4`; none when it says none. */
export function kubernetesMinor(image: string): string | undefined {
  return /:v?(\d+\.\d+)(?:\.\d+)?(?:[-+_][^@]*)?(?:@.*)?$/.exec(image)?.[1];
}

const SUPPORTED = SUPPORTED_KUBERNETES.join(", ");

/** Kubernetes images are of a release that this system can run. */
export const kubernetesImage: Rule = {
  level: "apply",
  says: Object.fromEntries(
    [
      "machine.kubelet.image",
      "cluster.apiServer.image",
      "cluster.controllerManager.image",
      "cluster.proxy.image",
      "cluster.scheduler.image",
    ].map((path) => [path, `A tag of Kubernetes ${SUPPORTED}, when it has one.`]),
  ),
  *check(config) {
    for (const { path, image } of kubernetesImagesOf(config)) {
      const minor = kubernetesMinor(image);
      if (minor === undefined || SUPPORTED_KUBERNETES.includes(minor)) continue;
      const name = path.join(".");
      const quoted = JSON.stringify(image);
      const message = `${name}: ${quoted} is Kubernetes ${minor}, supported is ${SUPPORTED}`;
      yield { path, message };
    }
  },
};

const FOREIGN_INSTALLER = /^ghcr\.io\/(talos-systems|siderolabs)\/installer:v0\.9\b/;

/** The installer that an image name stands for: 0.9's own means this release's. */
export function effectiveInstaller(image: string | undefined): string {
  return image && !FOREIGN_INSTALLER.test(image) ? image : IMAGES.installer;
}

/** An installer of 0.9 is told from ours. */
export const installerImage: Rule = {
  level: "warning",
  says: {
    "machine.install.image": "An installer of 0.9 is taken as this release's, with a warning.",
  },
  *check({ machine }) {
    const image = machine.install?.image;
    if (!image || !FOREIGN_INSTALLER.test(image)) return;
    const message = `machine.install.image: ${JSON.stringify(image)} is taken as ${
      JSON.stringify(IMAGES.installer)
    }`;
    yield { path: ["machine", "install", "image"], message };
  },
};
