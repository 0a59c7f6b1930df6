import { endpointFault } from "../generate/endpoint.ts";
import { isControlPlane, machineType } from "../machine_type.ts";
import { isDnsName } from "./net.ts";
import type { Rule } from "./rule.ts";

/** The endpoint is there, and is a URL with a host and a sane port. */
export const endpoint: Rule = {
  level: "error",
  says: {
    "cluster.controlPlane.endpoint":
      "Required: a URL with a scheme, a host (IPv6 in square brackets) and a port between 1 and 65535, if any.",
  },
  *check({ cluster }) {
    const path = ["cluster", "controlPlane", "endpoint"];
    const url = cluster.controlPlane.endpoint;
    if (url === "") {
      yield { path, message: "cluster controlplane endpoint is required" };
      return;
    }
    const fault = endpointFault(url);
    if (fault) yield { path, message: `invalid controlplane endpoint: ${fault}` };
  },
};

/** Control planes know which pod network to set up. */
export const cni: Rule = {
  level: "error",
  says: {
    "cluster.network.cni.name": "`flannel` or `custom`, on control planes.",
    "cluster.network.cni.urls": "At least one for `custom`, on the `init` machine.",
  },
  *check(config) {
    const cni = config.cluster.network?.cni;
    if (!cni || !isControlPlane(config)) return;
    const path = ["cluster", "network", "cni"];
    if (cni.name === "custom") {
      if (machineType(config) === "init" && (cni.urls ?? []).length === 0) {
        const message = 'at least one url should be specified if using "custom" option for CNI';
        yield { path: [...path, "urls"], message };
      }
    } else if (cni.name !== "flannel") {
      yield { path: [...path, "name"], message: "cni name should be one of [custom,flannel]" };
    }
  },
};

/** The domain of the cluster's names is one. */
export const dnsDomain: Rule = {
  level: "error",
  says: { "cluster.network.dnsDomain": "A DNS name." },
  *check({ cluster }) {
    const domain = cluster.network?.dnsDomain ?? "";
    if (domain === "" || isDnsName(domain)) return;
    const path = ["cluster", "network", "dnsDomain"];
    yield { path, message: `${JSON.stringify(domain)} is not a valid DNS name` };
  },
};

/** The secrets of the cluster have the form that Kubernetes asks for. */
export const clusterSecrets: Rule = {
  level: "apply",
  says: {
    "cluster.token": "Of the form `[a-z0-9]{6}.[a-z0-9]{16}`.",
    "cluster.aescbcEncryptionSecret": "32 bytes in base64.",
  },
  *check({ cluster }) {
    const { token, aescbcEncryptionSecret: secret } = cluster;
    if (token && !/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token)) {
      const message = "cluster.token: expected the form [a-z0-9]{6}.[a-z0-9]{16}";
      yield { path: ["cluster", "token"], message };
    }
    if (secret !== "" && !/^[A-Za-z0-9+/]{43}=$/.test(secret)) {
      const message = "cluster.aescbcEncryptionSecret: expected 32 bytes in base64";
      yield { path: ["cluster", "aescbcEncryptionSecret"], message };
    }
  },
};

/** Flags of etcd that the node sets itself. */
const ETCD_FLAGS = new Set([
  "name",
  "data-dir",
  "listen-peer-urls",
  "listen-client-urls",
  "cert-file",
  "key-file",
  "trusted-ca-file",
  "peer-client-cert-auth",
  "peer-cert-file",
  "peer-trusted-ca-file",
  "peer-key-file",
]);

/** Flags of the kubelet that the node sets itself. */
const KUBELET_FLAGS = new Set([
  "bootstrap-kubeconfig",
  "kubeconfig",
  "container-runtime",
  "container-runtime-endpoint",
  "config",
  "dynamic-config-dir",
  "cert-dir",
  "cni-conf-dir",
  "hostname-override",
]);

/** No flag is given that the node sets itself. */
export const extraArgs: Rule = {
  level: "apply",
  says: {
    "machine.kubelet.extraArgs": `None of ${[...KUBELET_FLAGS].join(", ")}.`,
    "cluster.etcd.extraArgs": `None of ${[...ETCD_FLAGS].join(", ")}.`,
  },
  *check({ machine, cluster }) {
    const groups = [
      { path: ["machine", "kubelet"], flags: machine.kubelet?.extraArgs, taken: KUBELET_FLAGS },
      { path: ["cluster", "etcd"], flags: cluster.etcd?.extraArgs, taken: ETCD_FLAGS },
    ];
    for (const { path, flags = {}, taken } of groups) {
      for (const flag of Object.keys(flags)) {
        if (!taken.has(flag.replace(/^--?/, ""))) continue;
        const field = [...path, "extraArgs"];
        const message = `extra arg ${JSON.stringify(flag)} is not allowed: ` +
          `the node sets it itself, remove it from ${field.join(".")}`;
        yield { path: [...field, flag], message };
      }
    }
  },
};
