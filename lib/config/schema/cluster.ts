import { always, list, map, object, optional, scalar } from "./builder.ts";
import { EXAMPLE_PEM, pemKey, pemPair } from "./pem.ts";
import { bool, duration, int, text } from "./scalars.ts";
import { IMAGES } from "../generate/images.ts";

const controlPlane = object("ControlPlaneConfig", "How the control plane is reached.", {
  endpoint: always(scalar(text), {
    doc:
      "The URL at which the Kubernetes API is reached: an address or a name, and optionally a port.",
    examples: [{ value: "https://1.2.3.4:6443" }, { value: "https://cluster1.internal:6443" }],
  }),
  localAPIServerPort: optional(scalar(int), {
    doc:
      "The port that the API server listens on.\nIt may differ from the endpoint's, when a load balancer stands between.",
    default: "6443",
  }),
});

const cni = object("CNIConfig", "The network between pods.", {
  name: always(scalar(text), {
    doc: "The kind of pod network.",
    values: ["flannel", "custom"],
    default: "flannel",
  }),
  urls: optional(list(scalar(text)), {
    doc: "The manifests of a `custom` pod network.",
  }),
});

const clusterNetwork = object("ClusterNetworkConfig", "The cluster's inner network.", {
  cni: optional(cni, {
    doc: "The network between pods.",
    default: "flannel",
    examples: [{
      value: { name: "custom", urls: ["https://cni.example.org/install.yaml"] },
    }],
  }),
  dnsDomain: always(scalar(text), {
    doc: "The domain that Kubernetes serves names in.",
    default: "cluster.local",
    examples: [{ value: "cluster.local" }],
  }),
  podSubnets: always(list(scalar(text)), {
    doc: "The subnets of pods.",
    default: "10.244.0.0/16",
    examples: [{ value: ["10.244.0.0/16"] }],
  }),
  serviceSubnets: always(list(scalar(text)), {
    doc:
      "The subnets of services.\nThe first address of each is the API's, the tenth the name service's.",
    default: "10.96.0.0/12",
    examples: [{ value: ["10.96.0.0/12"] }],
  }),
});

const volumeMount = object("VolumeMount", "A directory of the machine in a static pod.", {
  hostPath: always(scalar(text), { doc: "The directory on the machine." }),
  mountPath: always(scalar(text), { doc: "The directory inside of the pod." }),
  readonly: optional(scalar(bool), { doc: "Mounts it read-only.", default: "false" }),
});

const VOLUMES = [{ hostPath: "/var/lib/auth", mountPath: "/etc/kubernetes/auth", readonly: true }];

function extraArgs(component: string) {
  return optional(map("flag", scalar(text)), {
    doc: `Flags that are added to the command line of ${component}, without the leading dashes.`,
    examples: [{ value: { "feature-gates": "ServerSideApply=true" } }],
  });
}

function image(component: string, name: string) {
  return optional(scalar(text), {
    doc: `The image of ${component}.`,
    default: name,
    examples: [{ value: name }],
  });
}

function extraVolumes(component: string) {
  return optional(list(volumeMount), {
    doc: `Directories that are mounted into the pod of ${component}.`,
    examples: [{ value: VOLUMES }],
  });
}

const apiServer = object("APIServerConfig", "The Kubernetes API server.", {
  image: image("the API server", IMAGES.apiServer),
  extraArgs: extraArgs("the API server"),
  extraVolumes: extraVolumes("the API server"),
  certSANs: optional(list(scalar(text)), {
    doc: "Names and addresses that are added to the API server's certificate.",
    examples: [{ value: ["1.2.3.4", "4.5.6.7"] }],
  }),
});

const controllerManager = object("ControllerManagerConfig", "The controller manager.", {
  image: image("the controller manager", IMAGES.controllerManager),
  extraArgs: extraArgs("the controller manager"),
  extraVolumes: extraVolumes("the controller manager"),
});

const scheduler = object("SchedulerConfig", "The scheduler.", {
  image: image("the scheduler", IMAGES.scheduler),
  extraArgs: extraArgs("the scheduler"),
  extraVolumes: extraVolumes("the scheduler"),
});

const proxy = object("ProxyConfig", "kube-proxy.", {
  disabled: optional(scalar(bool), { doc: "Leaves kube-proxy out.", default: "false" }),
  image: image("kube-proxy", IMAGES.proxy),
  mode: optional(scalar(text), {
    doc: "How kube-proxy steers packets.",
    values: ["iptables", "ipvs", "nftables"],
    default: "nftables",
  }),
  extraArgs: extraArgs("kube-proxy"),
});

const etcd = object("EtcdConfig", "etcd.", {
  image: image("etcd", IMAGES.etcd),
  ca: always(pemPair, {
    doc: "The CA of etcd's members and clients.",
    examples: [{ value: EXAMPLE_PEM }],
  }),
  extraArgs: optional(map("flag", scalar(text)), {
    doc: "Flags that are added to etcd's command line, without the leading dashes.",
    examples: [{ value: { "election-timeout": "5000" } }],
  }),
});

const podCheckpointer = object("PodCheckpointer", "The pod checkpointer, which is gone.", {
  image: optional(scalar(text), { doc: "The pod checkpointer's image; not used any more." }),
});

const coreDns = object("CoreDNS", "The cluster's name service.", {
  image: image("CoreDNS", IMAGES.coreDns),
});

const adminKubeconfig = object("AdminKubeconfigConfig", "The administrator's kubeconfig.", {
  certLifetime: optional(scalar(duration), {
    doc: "How long its certificate is valid; a Go duration such as `1h` or `8760h`.",
    default: "8760h, one year",
  }),
});

/** The `cluster` section. */
export const cluster = object("ClusterSection", "What concerns the whole cluster.", {
  controlPlane: always(controlPlane, {
    doc: "How the control plane is reached.",
    examples: [{ value: { endpoint: "https://1.2.3.4:6443", localAPIServerPort: 6443 } }],
  }),
  clusterName: optional(scalar(text), {
    doc: "The cluster's name; the kubeconfig's context is `admin@<name>`.",
  }),
  network: optional(clusterNetwork, {
    doc: "The cluster's inner network.",
    examples: [{
      value: {
        cni: { name: "flannel" },
        dnsDomain: "cluster.local",
        podSubnets: ["10.244.0.0/16"],
        serviceSubnets: ["10.96.0.0/12"],
      },
    }],
  }),
  token: optional(scalar(text), {
    doc: "The bootstrap token by which kubelets join the cluster: `[a-z0-9]{6}.[a-z0-9]{16}`.",
    examples: [{ value: "wlzjyw.bei2zfylhs2by0wd" }],
    secret: true,
  }),
  aescbcEncryptionSecret: always(scalar(text), {
    doc: "The key that encrypts secrets at rest in etcd: 32 bytes in base64.",
    examples: [{ value: "z01mye6j16bspJYtTB/5SFX8j7Ph4JXxM2Xuu4vsBPM=" }],
    secret: true,
  }),
  ca: optional(pemPair, {
    doc: "The CA of Kubernetes.",
    examples: [{ value: EXAMPLE_PEM }],
  }),
  aggregatorCA: optional(pemPair, {
    doc: "The CA of the front proxy, by which API servers trust aggregated requests.",
    examples: [{ value: EXAMPLE_PEM }],
  }),
  serviceAccount: optional(pemKey, {
    doc: "The key that signs service account tokens.",
    examples: [{ value: { key: EXAMPLE_PEM.key } }],
  }),
  apiServer: optional(apiServer, {
    doc: "Settings of the Kubernetes API server.",
    examples: [{ value: { image: IMAGES.apiServer, certSANs: ["1.2.3.4", "4.5.6.7"] } }],
  }),
  controllerManager: optional(controllerManager, {
    doc: "Settings of the controller manager.",
    examples: [{ value: { image: IMAGES.controllerManager } }],
  }),
  proxy: optional(proxy, {
    doc: "Settings of kube-proxy.",
    examples: [{ value: { image: IMAGES.proxy, mode: "ipvs" } }],
  }),
  scheduler: optional(scheduler, {
    doc: "Settings of the scheduler.",
    examples: [{ value: { image: IMAGES.scheduler } }],
  }),
  etcd: optional(etcd, {
    doc: "Settings of etcd.",
    examples: [{
      value: { image: IMAGES.etcd, ca: EXAMPLE_PEM, extraArgs: { "election-timeout": "5000" } },
    }],
  }),
  podCheckpointer: optional(podCheckpointer, {
    doc: "Settings of the pod checkpointer; kept so that old files load.",
  }),
  coreDNS: optional(coreDns, {
    doc: "Settings of CoreDNS.",
    examples: [{ value: { image: IMAGES.coreDns } }],
  }),
  extraManifests: optional(list(scalar(text)), {
    doc: "URLs of manifests that are applied when the cluster comes up.",
    examples: [{
      value: ["https://www.example.com/manifest1.yaml", "https://www.example.com/manifest2.yaml"],
    }],
  }),
  extraManifestHeaders: optional(map("header", scalar(text)), {
    doc: "HTTP headers that are sent when `extraManifests` are fetched.",
    examples: [{ value: { "Token": "1234567", "X-ExtraInfo": "info" } }],
    secret: true,
  }),
  adminKubeconfig: optional(adminKubeconfig, {
    doc: "Settings of the administrator's kubeconfig.",
    examples: [{ value: { certLifetime: 3_600_000 } }],
  }),
  allowSchedulingOnMasters: optional(scalar(bool), {
    doc: `Lets workloads run on control planes too.`,
    default: "false",
  }),
});
