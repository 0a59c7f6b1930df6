import type { ApiServerConfig, KubernetesObject } from "$lib/resources/mod.ts";
import { commandLine, type Flags, mergeFlags } from "./arguments.ts";
import { type PodVersions, secretPath, staticPod } from "./pod.ts";

const ADMISSION_PLUGINS = [
  "NamespaceLifecycle",
  "LimitRanger",
  "ServiceAccount",
  "PersistentVolumeClaimResize",
  "DefaultStorageClass",
  "DefaultTolerationSeconds",
  "MutatingAdmissionWebhook",
  "ValidatingAdmissionWebhook",
  "ResourceQuota",
  "Priority",
  "NodeRestriction",
  "PodSecurity",
];

const CIPHER_SUITES = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_RSA_WITH_AES_128_GCM_SHA256",
];

/** Flags of kube-apiserver. */
export function apiServerFlags(config: ApiServerConfig): Flags {
  const { controlPlaneEndpoint, etcdServers, localPort, serviceCIDR, extraArgs } = config;
  const file = (name: string) => secretPath("kube-apiserver", name);
  return mergeFlags({
    "admission-control-config-file": file("admission-control-config.yaml"),
    "advertise-address": "$(POD_IP)",
    "allow-privileged": "true",
    "api-audiences": controlPlaneEndpoint,
    "audit-log-maxage": "30",
    "audit-log-maxbackup": "3",
    "audit-log-maxsize": "50",
    // Requests do not wait for the line that tells of them.
    "audit-log-mode": "batch",
    "audit-log-path": "-",
    "audit-policy-file": file("auditpolicy.yaml"),
    "authorization-mode": "Node,RBAC",
    "bind-address": "0.0.0.0",
    "client-ca-file": file("ca.crt"),
    "enable-admission-plugins": ADMISSION_PLUGINS.join(","),
    "enable-bootstrap-token-auth": "true",
    "encryption-provider-config": file("encryptionconfig.yaml"),
    "etcd-cafile": file("etcd-client-ca.crt"),
    "etcd-certfile": file("etcd-client.crt"),
    "etcd-keyfile": file("etcd-client.key"),
    "etcd-servers": etcdServers.join(","),
    "kubelet-client-certificate": file("apiserver-kubelet-client.crt"),
    "kubelet-client-key": file("apiserver-kubelet-client.key"),
    "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    "profiling": "false",
    "proxy-client-cert-file": file("front-proxy-client.crt"),
    "proxy-client-key-file": file("front-proxy-client.key"),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-client-ca-file": file("aggregator-ca.crt"),
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "secure-port": String(localPort),
    "service-account-issuer": controlPlaneEndpoint,
    "service-account-key-file": file("service-account.pub"),
    "service-account-signing-key-file": file("service-account.key"),
    "service-cluster-ip-range": serviceCIDR,
    "tls-cert-file": file("apiserver.crt"),
    "tls-cipher-suites": CIPHER_SUITES.join(","),
    "tls-min-version": "VersionTLS12",
    "tls-private-key-file": file("apiserver.key"),
  }, extraArgs);
}

/** The static pod of kube-apiserver. Nothing probes it: a slow start must not be cut short. */
export function apiServerPod(config: ApiServerConfig, versions: PodVersions): KubernetesObject {
  return staticPod({
    component: "kube-apiserver",
    image: config.image,
    command: commandLine("/usr/local/bin/kube-apiserver", apiServerFlags(config)),
    versions,
    requests: { cpu: "200m", memory: "512Mi" },
    extraVolumes: config.extraVolumes,
    env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
  });
}
