import { BOND_MODES } from "$lib/codec/mod.ts";
import { always, list, object, optional, scalar } from "./builder.ts";
import { bool, duration, int, text, uint16, uint32, uint8 } from "./scalars.ts";

const BOND_DOC = "See the kernel's documentation of bonding for what it does.";

function bondOption<N extends ReturnType<typeof scalar>>(node: N, kernelName: string) {
  return optional(node, { doc: `The bonding driver's option \`${kernelName}\`.\n${BOND_DOC}` });
}

const bond = object("Bond", "Options of a bonded interface.", {
  interfaces: always(list(scalar(text)), {
    doc: "The interfaces that make up the bond.",
    examples: [{ value: ["eth0", "eth1"] }],
  }),
  arpIPTarget: optional(list(scalar(text)), {
    doc:
      `The bonding driver's option \`arp_ip_target\`.\nNot supported: reading it is fine, setting it has no effect.`,
  }),
  mode: always(scalar(text), {
    doc: `The bonding driver's option \`mode\`.\n${BOND_DOC}`,
    values: BOND_MODES,
  }),
  xmitHashPolicy: bondOption(scalar(text), "xmit_hash_policy"),
  lacpRate: bondOption(scalar(text), "lacp_rate"),
  adActorSystem: bondOption(scalar(text), "ad_actor_system"),
  arpValidate: bondOption(scalar(text), "arp_validate"),
  arpAllTargets: bondOption(scalar(text), "arp_all_targets"),
  primary: bondOption(scalar(text), "primary"),
  primaryReselect: bondOption(scalar(text), "primary_reselect"),
  failOverMac: bondOption(scalar(text), "fail_over_mac"),
  adSelect: bondOption(scalar(text), "ad_select"),
  miimon: bondOption(scalar(uint32), "miimon"),
  updelay: bondOption(scalar(uint32), "updelay"),
  downdelay: bondOption(scalar(uint32), "downdelay"),
  arpInterval: bondOption(scalar(uint32), "arp_interval"),
  resendIgmp: bondOption(scalar(uint32), "resend_igmp"),
  minLinks: bondOption(scalar(uint32), "min_links"),
  lpInterval: bondOption(scalar(uint32), "lp_interval"),
  packetsPerSlave: bondOption(scalar(uint32), "packets_per_slave"),
  numPeerNotif: bondOption(scalar(uint8), "num_grat_arp"),
  tlbDynamicLb: bondOption(scalar(uint8), "tlb_dynamic_lb"),
  allSlavesActive: bondOption(scalar(uint8), "all_slaves_active"),
  useCarrier: bondOption(scalar(bool), "use_carrier"),
  adActorSysPrio: bondOption(scalar(uint16), "ad_actor_sys_prio"),
  adUserPortKey: bondOption(scalar(uint16), "ad_user_port_key"),
  peerNotifyDelay: bondOption(scalar(uint32), "peer_notify_delay"),
});

const route = object("Route", "A route through an interface.", {
  network: always(scalar(text), {
    doc: "The route's destination, in CIDR notation.",
    examples: [{ value: "0.0.0.0/0" }],
  }),
  gateway: always(scalar(text), {
    doc: "The route's gateway.",
    examples: [{ value: "10.5.0.1" }],
  }),
  metric: optional(scalar(uint32), {
    doc: "The route's metric: of two routes to one network the lower wins.",
    default: "10",
  }),
});

const ROUTES = [{ network: "0.0.0.0/0", gateway: "10.5.0.1" }, {
  network: "10.2.0.0/16",
  gateway: "10.2.0.1",
}];

const vlan = object("Vlan", "A VLAN on an interface; its own interface is `<parent>.<id>`.", {
  cidr: always(scalar(text), { doc: "The VLAN interface's static address, in CIDR notation." }),
  routes: always(list(route), { doc: "Routes through the VLAN interface." }),
  dhcp: always(scalar(bool), { doc: "Whether the VLAN interface asks for an address by DHCP." }),
  vlanId: always(scalar(uint16), { doc: "The VLAN's id." }),
});

const dhcpOptions = object("DHCPOptions", "How DHCP is done on an interface.", {
  routeMetric: always(scalar(uint32), {
    doc: "The metric of all routes learned by DHCPv4.",
    default: "1024",
  }),
  ipv4: optional(scalar(bool), {
    doc: "Whether DHCPv4 is done.",
    default: "true",
  }),
  ipv6: optional(scalar(bool), {
    doc:
      "Whether DHCPv6 is done. It gives an address of 128 bits, name servers and search domains;\nthe routes are those that routers advertise.",
    default: "false",
  }),
});

const wireguardPeer = object("WireguardPeer", "A peer of a WireGuard interface.", {
  publicKey: optional(scalar(text), {
    doc: "The peer's public key.\n`wg pubkey` makes it from the private key.",
  }),
  endpoint: optional(scalar(text), { doc: "Where the peer is reached: `<host>:<port>`." }),
  persistentKeepaliveInterval: optional(scalar(duration), {
    doc: "How often an idle tunnel is kept alive; a Go duration such as `10s` or `1m30s`.",
    default: "never",
  }),
  allowedIPs: optional(list(scalar(text)), {
    doc: "The addresses, in CIDR notation, that are routed to this peer and accepted from it.",
  }),
});

const wireguard = object("Wireguard", "Settings of a WireGuard interface.", {
  privateKey: optional(scalar(text), {
    doc: "The interface's private key in base64.\n`wg genkey` makes one.",
    secret: true,
  }),
  listenPort: optional(scalar(int), { doc: "The UDP port to listen on." }),
  firewallMark: optional(scalar(int), { doc: "The firewall mark of outgoing packets." }),
  peers: optional(list(wireguardPeer), { doc: "The peers of the interface." }),
});

const vip = object("VIP", "An address that the control planes share.", {
  ip: optional(scalar(text), { doc: "The shared address." }),
});

const PEER_NETWORK = ["192.168.1.0/24"];

/** One network interface. */
export const device = object("Device", "A network interface.", {
  interface: always(scalar(text), {
    doc: "The interface's name.",
    examples: [{ value: "eth0" }],
  }),
  cidr: optional(scalar(text), {
    doc:
      "The interface's static address, in CIDR notation.\nEither this or `dhcp` is set, not both.",
    examples: [{ value: "10.5.0.10/16" }],
  }),
  routes: optional(list(route), {
    doc: "Routes through this interface.\nThey are added to the routes that DHCP brings.",
    examples: [{ value: ROUTES }],
  }),
  bond: optional(bond, {
    doc: "Makes this interface a bond of others.",
    examples: [{ value: { interfaces: ["eth0", "eth1"], mode: "802.3ad", lacpRate: "fast" } }],
  }),
  vlans: optional(list(vlan), {
    doc: "VLANs on this interface.",
    examples: [{
      value: [{ cidr: "10.20.0.10/24", routes: [ROUTES[1]], dhcp: false, vlanId: 20 }],
    }],
  }),
  mtu: always(scalar(int), {
    doc: "The interface's MTU.\nIt overrides what DHCP brings.",
    default: "0, which leaves it as it is",
  }),
  dhcp: optional(scalar(bool), {
    doc:
      "Whether the interface asks for an address by DHCP.\nEither this or `cidr` is set, not both. With neither, hardware and bonds that\ncarry no VLANs ask by DHCPv4 all the same; others have only the addresses that the kernel finds by\nitself (IPv6 SLAAC).",
    default: "false",
    examples: [{ value: true }],
  }),
  ignore: optional(scalar(bool), {
    doc: "Leaves the interface alone.",
    default: "false",
  }),
  dummy: optional(scalar(bool), {
    doc: "Makes this a virtual interface without a network behind it.",
    default: "false",
  }),
  dhcpOptions: optional(dhcpOptions, {
    doc: "How DHCP is done; `dhcp` must be on for it to matter.",
    examples: [{ value: { routeMetric: 1024 } }],
  }),
  wireguard: optional(wireguard, {
    doc: "Makes this a WireGuard interface.",
    examples: [
      {
        name: "WireGuard server",
        value: {
          privateKey: "ABCDEF...",
          listenPort: 51111,
          peers: [{
            publicKey: "ABCDEF...",
            endpoint: "192.168.1.3:51111",
            allowedIPs: PEER_NETWORK,
          }],
        },
      },
      {
        name: "WireGuard peer",
        value: {
          privateKey: "ABCDEF...",
          peers: [{
            publicKey: "ABCDEF...",
            endpoint: "192.168.1.2:51111",
            persistentKeepaliveInterval: 10_000,
            allowedIPs: PEER_NETWORK,
          }],
        },
      },
    ],
  }),
  vip: optional(vip, {
    doc: "An address shared by the control planes: one of them, elected through etcd, holds it.",
    examples: [{ value: { ip: "172.16.199.55" } }],
  }),
});

const extraHost = object("ExtraHost", "A line of `/etc/hosts`.", {
  ip: always(scalar(text), { doc: "The host's address." }),
  aliases: always(list(scalar(text)), { doc: "The host's names." }),
});

/** `machine.network`. */
export const network = object("NetworkConfig", "The machine's network.", {
  hostname: optional(scalar(text), {
    doc: "The machine's name; it wins over names from every other source.",
  }),
  interfaces: optional(list(device), {
    doc:
      "The network interfaces that are set up as said here.\nAll others ask for an address by DHCP.",
    examples: [{
      value: [{
        interface: "eth0",
        cidr: "192.168.2.10/24",
        routes: [{ network: "0.0.0.0/0", gateway: "192.168.2.1", metric: 1024 }],
        mtu: 1500,
      }],
    }],
  }),
  nameservers: optional(list(scalar(text)), {
    doc: "The name servers to ask; the first three are used.",
    default: "1.1.1.1 and 8.8.8.8",
    examples: [{ value: ["8.8.8.8", "1.1.1.1"] }],
  }),
  extraHostEntries: optional(list(extraHost), {
    doc: "Lines that are added to `/etc/hosts`.",
    examples: [{
      value: [{ ip: "192.168.1.100", aliases: ["example", "example.domain.tld"] }],
    }],
  }),
});
