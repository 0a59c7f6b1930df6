/**
 * How the machines of a cluster, and QEMU's user-mode network for all of them, are plugged into the
 * switch. That network is a QEMU without a machine: it needs no rights, no bridge and nothing of the
 * host's own network, and it outlives each of the nodes.
 */
import { join } from "node:path";
import { NODE_PORTS } from "./loopback.ts";
import { cardOptions, type ClusterNetwork, userNetwork } from "./network.ts";
import { cardAddress } from "./plan.ts";
import type { NodeState } from "./state.ts";
import { SOCKETS } from "./switch.ts";

/** The directory of the network below the cluster's. */
export const SWITCH = "switch";

/** The user-mode network of a cluster. */
export interface Uplink {
  /** The switch's. */
  readonly directory: string;
  readonly network: ClusterNetwork;
  readonly nodes: readonly NodeState[];
  /** The URL of a script for machines that boot over the network. */
  readonly script?: string | undefined;
}

/** The command line of the user-mode network. It goes to the background. */
export function uplinkArguments({ directory, network, nodes, script }: Uplink): string[] {
  const forwards = nodes.flatMap(({ address, ip }) =>
    NODE_PORTS.map((port) => `hostfwd=tcp:${address}:${port}-${ip}:${port}`)
  );
  return [
    ...["-M", "none", "-nodefaults", "-no-user-config", "-display", "none"],
    ...onHub("host", userNetwork("host", network, [...forwards, ...bootFile(script)])),
    ...onHub("switch", stream("switch", join(directory, SOCKETS.uplink))),
    ...["-pidfile", join(directory, "qemu.pid")],
    "-daemonize",
  ];
}

function onHub(id: string, netdev: string): string[] {
  return ["-netdev", netdev, "-netdev", `hubport,id=hub-${id},hubid=0,netdev=${id}`];
}

/** What a user-mode network tells machines to boot. */
export function bootFile(script: string | undefined): string[] {
  return script === undefined ? [] : [`bootfile=${script}`];
}

/** How a node is plugged in; `directory` is the switch's, `order` the card's place among what is booted. */
export function pluggedIn(
  directory: string,
  network: ClusterNetwork,
  node: NodeState,
  order = "",
): string[] {
  const card = `netdev=net,mac=${cardAddress(node)}${cardOptions(network)}${order}`;
  return [
    ...["-netdev", stream("net", join(directory, SOCKETS.machines))],
    ...["-device", `virtio-net-pci,${card}`],
  ];
}

function stream(id: string, path: string): string {
  return `stream,id=${id},server=off,addr.type=unix,addr.path=${path.replaceAll(",", ",,")}`;
}
