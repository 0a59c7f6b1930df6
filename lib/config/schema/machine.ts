import { always, list, map, object, optional, scalar } from "./builder.ts";
import { network } from "./network.ts";
import { EXAMPLE_PEM, pemPair } from "./pem.ts";
import { registries } from "./registries.ts";
import { bool, text } from "./scalars.ts";
import { disk, file, install, systemDiskEncryption } from "./storage.ts";
import { KUBERNETES_VERSION } from "../generate/images.ts";
import { IMAGE_PREFIX, VERSION } from "$lib/version/mod.ts";

const mount = object("Mount", "A mount into a container, as the OCI runtime takes it.", {
  destination: always(scalar(text), { doc: "The directory inside of the container." }),
  type: always(scalar(text), { doc: "The kind of mount, such as `bind`." }),
  source: always(scalar(text), {
    doc: "The directory on the machine; it is made (mode 0700) when missing.",
  }),
  options: always(list(scalar(text)), { doc: "Mount options." }),
});

const kubelet = object("KubeletConfig", "The kubelet.", {
  image: optional(scalar(text), {
    doc: "The kubelet's image.",
    default: `${IMAGE_PREFIX}/kubelet:v${KUBERNETES_VERSION}`,
    examples: [{ value: `${IMAGE_PREFIX}/kubelet:v${KUBERNETES_VERSION}` }],
  }),
  extraArgs: optional(map("flag", scalar(text)), {
    doc: "Flags that are added to the kubelet's command line, without the leading dashes.",
    examples: [{ value: { "feature-gates": "ServerSideApply=true" } }],
  }),
  extraMounts: optional(list(mount), {
    doc: "Directories that are mounted into the kubelet's container.",
    examples: [{
      value: [{
        destination: "/var/lib/example",
        type: "bind",
        source: "/var/lib/example",
        options: ["rshared", "rw"],
      }],
    }],
  }),
  registerWithFQDN: optional(scalar(bool), {
    doc: "Registers the node under its fully qualified domain name.",
    default: "false",
  }),
});

const time = object("TimeConfig", "The machine's clock.", {
  disabled: always(scalar(bool), {
    doc: "Turns the time service off.",
    default: "false",
  }),
  servers: optional(list(scalar(text)), {
    doc: "The NTP servers to ask; what most of them say is followed.",
    default: "pool.ntp.org",
  }),
});

/** The `machine` section. */
export const machine = object("MachineSection", "What concerns this machine.", {
  type: always(scalar(text), {
    doc:
      "The machine's role in the cluster.\n`init` is a control plane that also bootstraps etcd, `controlplane` runs etcd and the Kubernetes\ncontrol plane, `join` (or `worker`, or anything else) runs workloads only.",
    values: ["init", "controlplane", "join", "worker"],
  }),
  token: always(scalar(text), {
    doc: "The token by which a machine asks for its certificate when it joins the cluster.",
    examples: [{ value: "328hom.uqjzh6jnn2eie9oi" }],
    secret: true,
  }),
  ca: optional(pemPair, {
    doc: "The CA of the cluster's machines; workers have its certificate without the key.",
    examples: [{ value: EXAMPLE_PEM }],
  }),
  certSANs: always(list(scalar(text)), {
    doc: "Names and addresses that are added to the certificates of the machine's API.",
    examples: [{ value: ["10.0.0.10", "172.16.0.10", "192.168.0.10"] }],
  }),
  kubelet: optional(kubelet, {
    doc: "Settings of the kubelet.",
    examples: [{ value: { extraArgs: { "feature-gates": "ServerSideApply=true" } } }],
  }),
  network: optional(network, {
    doc: "The machine's network.",
    examples: [{
      value: {
        hostname: "worker-1",
        interfaces: [{
          interface: "eth0",
          cidr: "192.168.2.10/24",
          routes: [{ network: "0.0.0.0/0", gateway: "192.168.2.1", metric: 1024 }],
          mtu: 1500,
        }],
        nameservers: ["9.8.7.6", "8.7.6.5"],
      },
    }],
  }),
  disks: optional(list(disk), {
    doc:
      "Extra disks that are partitioned, formatted (XFS) and mounted.\nThis is done once: a disk that has partitions is never touched.",
    examples: [{
      value: [{ device: "/dev/sdb", partitions: [{ mountpoint: "/var/mnt/extra" }] }],
    }],
  }),
  install: optional(install, {
    doc: "How the system is installed to a disk.",
    examples: [{
      value: {
        disk: "/dev/sda",
        extraKernelArgs: ["console=ttyS1", "panic=10"],
        image: `${IMAGE_PREFIX}/installer:${VERSION}`,
        bootloader: true,
        wipe: false,
      },
    }],
  }),
  files: optional(list(file), {
    doc: "Files that are written at boot.",
    examples: [{
      value: [{
        content: "...",
        permissions: 0o666,
        path: "/tmp/file.txt",
        op: "append",
      }],
    }],
  }),
  env: optional(map("name", scalar(text)), {
    doc: "Environment variables of the system and all of its services.",
    values: ["http_proxy", "https_proxy", "no_proxy"],
    examples: [
      { value: { https_proxy: "http://SERVER:PORT/" } },
      { value: { https_proxy: "https://USERNAME:PASSWORD@SERVER:PORT/" } },
      { value: { https_proxy: "http://DOMAIN\\USERNAME:PASSWORD@SERVER:PORT/" } },
    ],
    secret: true,
  }),
  time: optional(time, {
    doc: "The machine's clock.",
    examples: [{ value: { disabled: false, servers: ["time.cloudflare.com"] } }],
  }),
  sysctls: optional(map("name", scalar(text)), {
    doc: "Kernel parameters to set.",
    examples: [{ value: { "kernel.domainname": "example.org", "net.ipv4.ip_forward": "0" } }],
  }),
  registries: optional(registries, {
    doc: "Mirrors of image registries, and how to log in to them.",
    examples: [{
      value: {
        mirrors: { "docker.io": { endpoints: ["https://registry.local"] } },
        config: {
          "registry.local": {
            tls: { clientIdentity: EXAMPLE_PEM },
            auth: { username: "username", password: "password" },
          },
        },
      },
    }],
  }),
  systemDiskEncryption: optional(systemDiskEncryption, {
    doc: "Encryption of the system's own partitions.",
    examples: [{
      value: { ephemeral: { provider: "luks2", keys: [{ nodeID: {}, slot: 0 }] } },
    }],
  }),
});
