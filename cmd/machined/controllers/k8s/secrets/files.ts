import { publicKeyPem } from "$lib/pki/mod.ts";
import type {
  EtcdSecretsSpec,
  KubernetesSecretsSpec,
  RootEtcdSpec,
  RootKubernetesSpec,
} from "$lib/resources/mod.ts";
import { encodeKubeconfig } from "../../secrets/kubeconfig.ts";
import type { Component } from "../pods/pod.ts";
import { admissionConfig, auditPolicy, encryptionConfig } from "./policies.ts";

/** What the files are made from. */
export interface SecretSources {
  readonly rootEtcd: RootEtcdSpec;
  readonly root: RootKubernetesSpec;
  readonly etcd: EtcdSecretsSpec;
  readonly certificates: KubernetesSecretsSpec;
  /** Where this machine's API server listens. */
  readonly localPort: number;
}

/** The files of a component, by name. */
export type SecretFiles = Readonly<Record<string, string>>;

/** The files that the static pods of the control plane read, by component. */
export function secretFiles(sources: SecretSources): Readonly<Record<Component, SecretFiles>> {
  return {
    "kube-apiserver": apiServerFiles(sources),
    "kube-controller-manager": {
      "ca.crt": sources.root.ca.crt,
      "ca.key": sources.root.ca.key,
      "service-account.key": sources.root.serviceAccount.key,
      "kubeconfig": kubeconfig(sources, "kube-controller-manager"),
    },
    "kube-scheduler": { "kubeconfig": kubeconfig(sources, "kube-scheduler") },
  };
}

function apiServerFiles({ rootEtcd, root, etcd, certificates }: SecretSources): SecretFiles {
  const { apiServer, apiServerKubeletClient, frontProxy } = certificates;
  return {
    "etcd-client-ca.crt": rootEtcd.etcdCA.crt,
    "etcd-client.crt": etcd.etcdPeer.crt,
    "etcd-client.key": etcd.etcdPeer.key,
    "ca.crt": root.ca.crt,
    "apiserver.crt": apiServer.crt,
    "apiserver.key": apiServer.key,
    "apiserver-kubelet-client.crt": apiServerKubeletClient.crt,
    "apiserver-kubelet-client.key": apiServerKubeletClient.key,
    "service-account.pub": publicKeyPem(root.serviceAccount.key),
    "service-account.key": root.serviceAccount.key,
    "aggregator-ca.crt": root.aggregatorCA.crt,
    "front-proxy-client.crt": frontProxy.crt,
    "front-proxy-client.key": frontProxy.key,
    "encryptionconfig.yaml": encryptionConfig(root.aesCBCEncryptionSecret),
    "auditpolicy.yaml": auditPolicy(),
    "admission-control-config.yaml": admissionConfig(),
  };
}

function kubeconfig(
  { root, certificates, localPort }: SecretSources,
  component: "kube-controller-manager" | "kube-scheduler",
): string {
  const { controllerManager, scheduler } = certificates;
  return encodeKubeconfig({
    cluster: root.name,
    // The API server beside it: what stands before the endpoint may need this one to come up.
    server: `https://127.0.0.1:${localPort}`,
    ca: root.ca.crt,
    client: component === "kube-scheduler" ? scheduler : controllerManager,
    user: `system:${component}`,
  });
}
