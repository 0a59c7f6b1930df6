import { KUBERNETES_VERSION } from "$lib/config/mod.ts";
import type { GoComponent } from "./component.ts";

/** Another release of Kubernetes, for clusters that are then upgraded. */
export const OLDER_KUBERNETES = "1.35.3";

/** The programs of Kubernetes' images. */
const PROGRAMS = [
  "kubelet",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
] as const;

/** Packages that hold a program's version, each on its own. */
const VERSION_PACKAGES = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];

/** Without these a program says that it is of a development branch, and refuses its peers. */
function versionVariables(version: string): Record<string, string> {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitCommit: "" };
  return Object.fromEntries(
    VERSION_PACKAGES.flatMap((name) =>
      Object.entries(values).map(([variable, value]) => [`${name}.${variable}`, value])
    ),
  );
}

/** The name of the component that builds a program of a release. */
export function kubernetesComponent(program: string, version: string): string {
  return version === KUBERNETES_VERSION ? program : `${program}-${version}`;
}

function component(program: string, version: string): GoComponent {
  return {
    name: kubernetesComponent(program, version),
    language: "go",
    folder: kubernetesComponent("kubernetes", version),
    module: "k8s.io/kubernetes",
    packages: [`k8s.io/kubernetes/cmd/${program}`],
    variables: versionVariables,
  };
}

/** Kubernetes itself, one component a program, and kubectl for this host. */
export const KUBERNETES_COMPONENTS: readonly GoComponent[] = [...PROGRAMS, "kubectl"]
  .map((program) => component(program, KUBERNETES_VERSION));

/** The programs of the older release. */
export const OLDER_COMPONENTS: readonly GoComponent[] = PROGRAMS
  .map((program) => component(program, OLDER_KUBERNETES));

/** Serves and asks in pods, as Kubernetes' own tests have it. */
export const AGNHOST: GoComponent = {
  name: "agnhost",
  language: "go",
  folder: "kubernetes-e2e",
  module: "k8s.io/kubernetes",
  packages: ["k8s.io/kubernetes/test/images/agnhost"],
};

/** The tests of Kubernetes itself, the conformance tests among them. */
export const E2E: GoComponent = {
  name: "e2e",
  language: "go",
  folder: "kubernetes-e2e",
  module: "k8s.io/kubernetes",
  packages: ["k8s.io/kubernetes/test/e2e"],
  tests: true,
  variables: versionVariables,
};
