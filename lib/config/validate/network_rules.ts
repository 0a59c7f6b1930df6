import { isControlPlane } from "../machine_type.ts";
import { formatPath, type Path } from "../finding.ts";
import type { MachineSection } from "../schema/document.ts";
import { isAddress, isCidr } from "./net.ts";
import type { Breach, Rule } from "./rule.ts";

type Device = NonNullable<NonNullable<MachineSection["network"]>["interfaces"]>[number];

const INTERFACES: Path = ["machine", "network", "interfaces"];

/** Shared addresses are for control planes. */
export const vipOnWorker: Rule = {
  level: "error",
  says: { "machine.network.interfaces[].vip": "On control planes only." },
  *check(config) {
    if (isControlPlane(config)) return;
    for (const [i, device] of (config.machine.network?.interfaces ?? []).entries()) {
      if (device.vip) {
        const message = "virtual (shared) IP is not allowed on non-controlplane nodes";
        yield { path: [...INTERFACES, i, "vip"], message };
      }
    }
  },
};

/** Each interface, unless ignored, is named and addressed one way. */
export const devices: Rule = {
  level: "error",
  says: {
    "machine.network.interfaces[].interface": "Required.",
    "machine.network.interfaces[].dhcp": "Not together with `cidr`.",
    "machine.network.interfaces[].cidr": "An address in CIDR notation; not together with `dhcp`.",
    "machine.network.interfaces[].vip.ip": "An IP address.",
  },
  *check({ machine }) {
    for (const [i, device] of (machine.network?.interfaces ?? []).entries()) {
      if (!device.ignore) yield* deviceBreaches(device, [...INTERFACES, i]);
    }
  },
};

function* deviceBreaches(device: Device, path: Path): Iterable<Breach> {
  const name = JSON.stringify(device.interface);
  if (device.interface === "") {
    const message = "[networking.os.device.interface]: required config section";
    yield { path: [...path, "interface"], message };
  }
  if (device.dhcp && device.cidr) {
    const message = `[networking.os.device] ${name}: invalid network device addressing method`;
    yield { path: [...path, "dhcp"], message };
  }
  if (device.cidr && !isCidr(device.cidr)) {
    const message = `[networking.os.device.CIDR] ${name}: invalid CIDR address: ${device.cidr}`;
    yield { path: [...path, "cidr"], message };
  }
  if (device.vip && !isAddress(device.vip.ip ?? "")) {
    const ip = JSON.stringify(device.vip.ip ?? "");
    const message = `[networking.os.device.vip] failed to parse ${ip} as IP address`;
    yield { path: [...path, "vip", "ip"], message };
  }
}

/** Addresses that 0.9 takes unread, and then cannot use. */
export const addresses: Rule = {
  level: "warning",
  says: {
    "machine.network.nameservers": "IP addresses.",
    "machine.network.extraHostEntries[].ip": "An IP address.",
    "machine.network.interfaces[].routes[].network": "A network in CIDR notation.",
    "machine.network.interfaces[].routes[].gateway": "An IP address.",
    "machine.network.interfaces[].vlans[].cidr": "An address in CIDR notation.",
    "machine.network.interfaces[].vlans[].vlanId": "Between 1 and 4094.",
    "machine.network.interfaces[].wireguard.privateKey": "32 bytes in base64.",
    "machine.network.interfaces[].wireguard.peers[].publicKey": "32 bytes in base64.",
    "machine.network.interfaces[].wireguard.peers[].allowedIPs": "Networks in CIDR notation.",
  },
  *check({ machine }) {
    const { nameservers = [], extraHostEntries = [], interfaces = [] } = machine.network ?? {};
    for (const [i, server] of nameservers.entries()) {
      yield* address(server, ["machine", "network", "nameservers", i]);
    }
    for (const [i, { ip }] of extraHostEntries.entries()) {
      yield* address(ip, ["machine", "network", "extraHostEntries", i, "ip"]);
    }
    for (const [i, device] of interfaces.entries()) {
      const path = [...INTERFACES, i];
      yield* routeBreaches(device, path);
      yield* vlanBreaches(device, path);
      yield* wireguardBreaches(device, path);
    }
  },
};

function* routeBreaches(device: Device, path: Path): Iterable<Breach> {
  for (const [i, { network, gateway }] of (device.routes ?? []).entries()) {
    const field = `networking.os.device.route[${i}]`;
    if (!isCidr(network)) {
      const message = `[${field}.Network] ${JSON.stringify(network)}: invalid network address`;
      yield { path: [...path, "routes", i, "network"], message };
    }
    if (!isAddress(gateway)) {
      const message = `[${field}.Gateway] ${JSON.stringify(gateway)}: invalid network address`;
      yield { path: [...path, "routes", i, "gateway"], message };
    }
  }
}

function* vlanBreaches(device: Device, path: Path): Iterable<Breach> {
  for (const [i, { cidr, vlanId }] of (device.vlans ?? []).entries()) {
    if (cidr !== "") yield* network(cidr, [...path, "vlans", i, "cidr"]);
    if (vlanId < 1 || vlanId > 4094) {
      yield odd([...path, "vlans", i, "vlanId"], `${vlanId} is not a VLAN id`);
    }
  }
}

function* wireguardBreaches(device: Device, path: Path): Iterable<Breach> {
  const { privateKey, peers = [] } = device.wireguard ?? {};
  if (privateKey && !isKey(privateKey)) {
    yield odd([...path, "wireguard", "privateKey"], "not a WireGuard key");
  }
  for (const [i, { publicKey, allowedIPs = [] }] of peers.entries()) {
    const peer = [...path, "wireguard", "peers", i];
    if (publicKey && !isKey(publicKey)) yield odd([...peer, "publicKey"], "not a WireGuard key");
    for (const [j, allowed] of allowedIPs.entries()) {
      yield* network(allowed, [...peer, "allowedIPs", j]);
    }
  }
}

function isKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(text);
}

function* address(text: string, path: Path): Iterable<Breach> {
  if (!isAddress(text)) yield odd(path, `${JSON.stringify(text)} is not an IP address`);
}

function* network(text: string, path: Path): Iterable<Breach> {
  if (!isCidr(text)) yield odd(path, `${JSON.stringify(text)} is not a network in CIDR notation`);
}

function odd(path: Path, what: string): Breach {
  return { path, message: `${formatPath(path)}: ${what}` };
}
