import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type ConfigKind,
  createAdminIdentity,
  createSecrets,
  encodeConfig,
  generateConfig,
  type GenerateInput,
  isControlPlane,
  secretsOf,
} from "$lib/config/mod.ts";
import { addContext, contextOf, Talosconfig } from "$lib/talosconfig/mod.ts";
import {
  type GenerateConfigurationRequest,
  MachineConfig_MachineType as MachineType,
  type NetworkConfig,
  type NetworkDeviceConfig,
} from "$proto/machine/machine_pb.ts";
import type { ConfigStore, RunningConfig } from "../config/store.ts";
import type { MachineApi } from "./_impl.ts";

/** Where the secrets of the cluster are taken from. */
export interface GenerateDeps {
  readonly config: Pick<ConfigStore, "running">;
}

const KINDS: Readonly<Partial<Record<MachineType, ConfigKind>>> = {
  [MachineType.TYPE_INIT]: "init",
  [MachineType.TYPE_CONTROL_PLANE]: "controlplane",
  [MachineType.TYPE_JOIN]: "join",
};

/**
 * Generates the configuration of a further machine of this cluster, and a talosconfig for it; on a
 * machine that waits for its configuration, that of the first machine of a new cluster.
 */
export function generateApi({ config }: GenerateDeps): MachineApi<"generateConfiguration"> {
  return {
    async generateConfiguration(request) {
      const running = config.running.value;
      const kind = kindOf(request, running === undefined);
      const { secrets, clusterName } = running ? clusterOf(running) : await newCluster();
      const input = inputOf(request, { secrets, clusterName });
      const data = await refusing(() =>
        encodeConfig(generateConfig(kind, input), { examples: true })
      );
      const { overrideTime } = request;
      const now = overrideTime ? timestampDate(overrideTime) : new Date();
      const admin = await refusing(() => createAdminIdentity({ ca: secrets.ca, now }));
      const context = contextOf({ ca: secrets.ca.crt, ...admin }, { endpoints: ["127.0.0.1"] });
      const talosconfig = addContext(Talosconfig.empty(), input.clusterName, context).toString();
      const encoder = new TextEncoder();
      return {
        messages: [{ data: [encoder.encode(data)], talosconfig: encoder.encode(talosconfig) }],
      };
    },
  };
}

/** Secrets that belong to nobody yet. */
async function newCluster(): Promise<Pick<GenerateInput, "secrets" | "clusterName">> {
  return { secrets: await createSecrets({ now: new Date() }), clusterName: "" };
}

/** What this machine knows of its cluster. @throws {ConnectError} unless it is a control plane. */
function clusterOf(running: RunningConfig): Pick<GenerateInput, "secrets" | "clusterName"> {
  if (!isControlPlane(running.config)) {
    throw new ConnectError(
      "config can't be generated on worker nodes",
      Code.FailedPrecondition,
    );
  }
  try {
    const clusterName = running.config.cluster.clusterName ?? "";
    return { secrets: secretsOf(running.config), clusterName };
  } catch (error) {
    throw new ConnectError((error as Error).message, Code.FailedPrecondition);
  }
}

function kindOf(
  { configVersion, machineConfig }: GenerateConfigurationRequest,
  maintenance: boolean,
): ConfigKind {
  if (configVersion !== "v1alpha1") {
    throw invalid(`config version ${JSON.stringify(configVersion)} is not known`);
  }
  const kind = KINDS[machineConfig?.type ?? MachineType.TYPE_UNKNOWN];
  if (kind === undefined) throw invalid("machine_config.type is none of init, controlplane, join");
  if (kind === "join" && maintenance) {
    throw invalid("a node in maintenance mode has no cluster that another could join");
  }
  return kind;
}

function inputOf(
  { clusterConfig, machineConfig }: GenerateConfigurationRequest,
  cluster: Pick<GenerateInput, "secrets" | "clusterName">,
): GenerateInput {
  const { dnsDomain, cniConfig } = clusterConfig?.clusterNetwork ?? {};
  const { installDisk, installImage } = machineConfig?.installConfig ?? {};
  const { kubernetesVersion, networkConfig } = machineConfig ?? {};
  return {
    ...cluster,
    ...(clusterConfig?.name ? { clusterName: clusterConfig.name } : {}),
    endpoint: clusterConfig?.controlPlane?.endpoint ?? "",
    ...(dnsDomain ? { dnsDomain } : {}),
    ...(cniConfig?.name ? { cni: { name: cniConfig.name, urls: cniConfig.urls } } : {}),
    ...(clusterConfig?.allowSchedulingOnMasters ? { allowSchedulingOnMasters: true } : {}),
    ...(installDisk ? { installDisk } : {}),
    ...(installImage ? { installImage } : {}),
    ...(kubernetesVersion ? { kubernetesVersion: kubernetesVersion.replace(/^v/, "") } : {}),
    ...(networkConfig ? { network: networkOf(networkConfig) } : {}),
  };
}

function networkOf({ hostname, interfaces }: NetworkConfig): NonNullable<GenerateInput["network"]> {
  return {
    ...(hostname ? { hostname } : {}),
    ...(interfaces.length > 0 ? { interfaces: interfaces.map(deviceOf) } : {}),
  };
}

type Device = NonNullable<NonNullable<GenerateInput["network"]>["interfaces"]>[number];

function deviceOf(device: NetworkDeviceConfig): Device {
  const { cidr, mtu, dhcp, ignore, dhcpOptions, routes } = device;
  return {
    interface: device.interface,
    mtu,
    ...(cidr ? { cidr } : {}),
    ...(dhcp ? { dhcp } : {}),
    ...(ignore ? { ignore } : {}),
    ...(dhcpOptions ? { dhcpOptions: { routeMetric: dhcpOptions.routeMetric } } : {}),
    ...(routes.length > 0
      ? { routes: routes.map(({ network, gateway, metric }) => ({ network, gateway, metric })) }
      : {}),
  };
}

/** What `make` gives; what it finds wrong with the request goes back to the caller. */
async function refusing<T>(make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    const fault = error instanceof TypeError || error instanceof RangeError;
    throw fault ? invalid(error.message) : error;
  }
}

function invalid(reason: string): ConnectError {
  return new ConnectError(`Cannot generate a configuration: ${reason}`, Code.InvalidArgument);
}
