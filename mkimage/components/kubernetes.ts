import type { GoComponent } from "./component.ts";

/** The programs of Kubernetes: those of its images, and kubectl for this host. */
const PROGRAMS = [
  ...["kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"],
  "kubectl",
];

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

/** Kubernetes itself, one component a program. */
export const KUBERNETES_COMPONENTS: readonly GoComponent[] = PROGRAMS.map((name) => ({
  name,
  language: "go",
  folder: "kubernetes",
  module: "k8s.io/kubernetes",
  packages: [`k8s.io/kubernetes/cmd/${name}`],
  variables: versionVariables,
}));
