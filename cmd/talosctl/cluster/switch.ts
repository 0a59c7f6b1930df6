/**
 * The network of a cluster of several machines: a QEMU without a machine, whose hub joins QEMU's
 * user-mode network and a socket for each node. It needs no rights, no bridge and nothing of the
 * host's own network, and it outlives each of the nodes.
 */
import { join } from "node:path";
import { NODE_PORTS } from "./loopback.ts";
import { cardAddress } from "./plan.ts";
import type { NodeState } from "./state.ts";

/** The directory of the switch below the cluster's. */
export const SWITCH = "switch";

/** The command line of the switch; `directory` is its own. It goes to the background. */
export function switchArguments(
  directory: string,
  cidr: string,
  nodes: readonly NodeState[],
): string[] {
  const forwards = nodes.flatMap(({ address, ip }) =>
    NODE_PORTS.map((port) => `hostfwd=tcp:${address}:${port}-${ip}:${port}`)
  );
  return [
    ...["-M", "none", "-nodefaults", "-no-user-config", "-display", "none"],
    ...onHub("host", ["user", "id=host", `net=${cidr}`, ...forwards].join(",")),
    ...nodes.flatMap(({ name }) => onHub(name, stream(name, "on", portPath(directory, name)))),
    ...["-pidfile", join(directory, "qemu.pid")],
    "-daemonize",
  ];
}

function onHub(id: string, netdev: string): string[] {
  return ["-netdev", netdev, "-netdev", `hubport,id=hub-${id},hubid=0,netdev=${id}`];
}

/** How a node is plugged in; `directory` is the switch's. */
export function pluggedIn(directory: string, node: NodeState): string[] {
  return [
    ...["-netdev", stream("net", "off", portPath(directory, node.name))],
    ...["-device", `virtio-net-pci,netdev=net,mac=${cardAddress(node)}`],
  ];
}

/** The socket of a node. */
export function portPath(directory: string, name: string): string {
  return join(directory, `${name}.sock`);
}

function stream(id: string, server: "on" | "off", path: string): string {
  const escaped = path.replaceAll(",", ",,");
  return `stream,id=${id},server=${server},addr.type=unix,addr.path=${escaped}`;
}
