import { checkEndpoint, IMAGES, KUBERNETES_VERSION } from "$lib/config/mod.ts";
import {
  MachineConfig_MachineType as MachineType,
  MachineService,
} from "$proto/machine/machine_pb.ts";
import { type Interface, NetworkService } from "$proto/network/network_pb.ts";
import { type Disk, StorageService } from "$proto/storage/storage_pb.ts";
import type { Client } from "./client/client.ts";
import { type Field, type Form, makeForm, type Values } from "./form/form.ts";

/** What the node knows of itself. */
export interface NodeFacts {
  readonly node: string;
  readonly disks: readonly Pick<Disk, "deviceName" | "size" | "model">[];
  readonly interfaces: readonly Pick<Interface, "name">[];
}

/** What the node made of the answers. */
export interface Generated {
  readonly config: Uint8Array;
  readonly talosconfig: string;
}

const TYPES: Readonly<Record<string, MachineType>> = {
  controlplane: MachineType.TYPE_CONTROL_PLANE,
  init: MachineType.TYPE_INIT,
};
/** How an interface gets its address. */
const ADDRESSING = ["default", "dhcp", "static", "ignore"] as const;

/** Asks the node for what the form offers. */
export async function nodeFacts(client: Client, node: string): Promise<NodeFacts> {
  const disks = await client.unary(StorageService.method.disks, {});
  const links = await client.unary(NetworkService.method.interfaces, {});
  return {
    node,
    disks: disks.flatMap(({ message }) => message.disks),
    interfaces: links.flatMap(({ message }) => message.interfaces)
      .filter(({ name }) => name !== "lo"),
  };
}

/** The form for a first machine of a cluster. */
export function installerForm({ node, disks, interfaces }: NodeFacts): Form {
  const custom = (values: Values) => values.cni === "custom";
  return makeForm(`Configuration of ${node}`, [
    choice("type", "Machine type", Object.keys(TYPES)),
    text("cluster", "Cluster name", "", required),
    text("endpoint", "Control plane endpoint", `https://${hostOf(node)}:6443`, endpointFault),
    text("kubernetes", "Kubernetes version", KUBERNETES_VERSION, required),
    choice("schedule", "Pods on control planes", ["no", "yes"]),
    disks.length > 0
      ? choice("disk", "Install disk", disks.map(diskText))
      : text("disk", "Install disk", "", required),
    text("image", "Install image", IMAGES.installer, required),
    text("hostname", "Host name", ""),
    text("domain", "DNS domain", "cluster.local", required),
    choice("cni", "Network of pods", ["flannel", "custom"]),
    { ...text("cniUrl", "Its manifest (URL)", "", required), shown: custom },
    ...interfaces.flatMap(({ name }) => interfaceFields(name)),
  ]);
}

function interfaceFields(name: string): Field[] {
  const fixed = (values: Values) => values[`${name} address by`] === "static";
  return [
    choice(`${name} address by`, `${name}: address by`, ADDRESSING),
    { ...text(`${name} cidr`, `${name}: address/bits`, "", required), shown: fixed },
    { ...text(`${name} gateway`, `${name}: gateway`, ""), shown: fixed },
  ];
}

/** Has the node make a configuration of the answers. */
export async function generate(
  client: Client,
  values: Values,
  { interfaces }: NodeFacts,
): Promise<Generated> {
  const [answer] = await client.unary(MachineService.method.generateConfiguration, {
    configVersion: "v1alpha1",
    clusterConfig: {
      name: values.cluster ?? "",
      controlPlane: { endpoint: values.endpoint ?? "" },
      clusterNetwork: {
        dnsDomain: values.domain ?? "",
        cniConfig: values.cni === "custom"
          ? { name: "custom", urls: [values.cniUrl ?? ""] }
          : { name: "flannel" },
      },
      allowSchedulingOnMasters: values.schedule === "yes",
    },
    machineConfig: {
      type: TYPES[values.type ?? ""] ?? MachineType.TYPE_UNKNOWN,
      kubernetesVersion: values.kubernetes ?? "",
      installConfig: {
        installDisk: (values.disk ?? "").split(" ", 1)[0] ?? "",
        installImage: values.image ?? "",
      },
      networkConfig: {
        hostname: values.hostname ?? "",
        interfaces: interfaces.flatMap(({ name }) => interfaceConfig(name, values)),
      },
    },
  });
  const [config] = answer?.message.data ?? [];
  if (!answer || !config) throw new Error("Cannot configure the node: it made no configuration");
  return { config, talosconfig: new TextDecoder().decode(answer.message.talosconfig) };
}

function interfaceConfig(name: string, values: Values): object[] {
  const gateway = values[`${name} gateway`] ?? "";
  switch (values[`${name} address by`]) {
    case "dhcp":
      return [{ interface: name, dhcp: true }];
    case "ignore":
      return [{ interface: name, ignore: true }];
    case "static":
      return [{
        interface: name,
        cidr: values[`${name} cidr`] ?? "",
        routes: gateway === "" ? [] : [{ network: "0.0.0.0/0", gateway }],
      }];
    default:
      return [];
  }
}

function text(name: string, label: string, value: string, fault?: Field["fault"]): Field {
  return { kind: "text", name, label, value, ...(fault ? { fault } : {}) };
}

function choice(name: string, label: string, choices: readonly string[]): Field {
  return { kind: "choice", name, label, value: choices[0] ?? "", choices };
}

function required(value: string): string | undefined {
  return value.trim() === "" ? "a value is needed" : undefined;
}

function endpointFault(value: string): string | undefined {
  try {
    checkEndpoint(value);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
  }
}

function diskText({ deviceName, size, model }: NodeFacts["disks"][number]): string {
  return `${deviceName}  ${(Number(size) / 1e9).toFixed(1)} GB  ${model}`.trimEnd();
}

/** The host of `host:port`, in the brackets that a URL wants around IPv6. */
function hostOf(node: string): string {
  const host = node.replace(/^\[(.*)\](:\d+)?$/, "$1").replace(/^([^:]+):\d+$/, "$1");
  return host.includes(":") ? `[${host}]` : host;
}
