/**
 * A cluster that is well, for tests to make ill.
 *
 * @module
 */
import type { Cluster, KubeNode, KubePod, ServiceState } from "./cluster.ts";

const READY = [{ type: "Ready", status: "True" }];

/** A pod of `kube-system` that is ready. */
export function readyPod(name: string, app: string, node = "cp-1"): KubePod {
  return {
    metadata: { name, labels: { "k8s-app": app } },
    spec: { nodeName: node },
    status: { phase: "Running", conditions: READY },
  };
}

/** A node that is ready; the control plane's has the label. */
export function readyNode(name: string, address: string, role?: "control-plane"): KubeNode {
  const labels: Record<string, string> = role ? { [`node-role.kubernetes.io/${role}`]: "" } : {};
  return {
    metadata: { name, labels },
    status: { addresses: [{ type: "InternalIP", address }], conditions: READY },
  };
}

/** One control-plane node and one worker, everything in order. Tests change what they like. */
export class WellCluster implements Cluster {
  members = { controlPlane: ["10.0.0.1"], workers: ["10.0.0.2"] };
  services: ServiceState[] = ["apid", "etcd", "kubelet"].map((id) => ({
    ...{ id, state: "Running", healthy: true, message: "" },
  }));
  bootedNodes = true;
  nodes: KubeNode[] = [
    readyNode("cp-1", "10.0.0.1", "control-plane"),
    readyNode("worker-1", "10.0.0.2"),
  ];
  pods: KubePod[] = [
    ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map((app) =>
      readyPod(`${app}-cp-1`, app)
    ),
    readyPod("kube-proxy-x", "kube-proxy"),
    readyPod("coredns-x", "kube-dns"),
  ];

  readonly machine = {
    ready: () => Promise.resolve(),
    services: () => Promise.resolve(this.services),
    booted: () => Promise.resolve(this.bootedNodes),
  };
  readonly kube = {
    nodes: () => Promise.resolve(this.nodes),
    pods: (selector: string) => {
      const app = /^k8s-app=(.*)$/.exec(selector)?.[1];
      const of = ({ metadata }: KubePod): string => metadata.labels?.["k8s-app"] ?? "";
      const wanted = (pod: KubePod): boolean =>
        app ? of(pod) === app : /^kube-(api|con|sch)/.test(of(pod));
      return Promise.resolve(this.pods.filter(wanted));
    },
  };
}
