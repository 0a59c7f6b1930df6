import { define } from "../definition.ts";

/** A network interface, of hardware or virtual. */
export interface LinkStatusSpec {
  readonly index: number;
  /** `ether`, `loopback` or `none`. */
  readonly type: string;
  /** What made a virtual interface: `bond`, `vlan`, `veth` …; empty for hardware. */
  readonly kind: string;
  readonly hardwareAddr: string;
  readonly mtu: number;
  /** `up`, `down`, `lowerlayerdown`, `unknown` …, as the kernel says. */
  readonly operationalState: string;
  /** Whether it has a carrier. */
  readonly linkState: boolean;
  /** The bond or bridge it is a part of; empty when none. */
  readonly master: string;
}

/** The network interfaces of the node, by name. */
export const LinkStatus = define<LinkStatusSpec>({
  type: "LinkStatuses.net.talos.dev",
  namespace: "network",
  aliases: ["link", "links"],
  initials: false,
  printColumns: [
    { name: "Type", jsonPath: "{.type}" },
    { name: "Kind", jsonPath: "{.kind}" },
    { name: "Hw Addr", jsonPath: "{.hardwareAddr}" },
    { name: "Operational State", jsonPath: "{.operationalState}" },
    { name: "Link State", jsonPath: "{.linkState}" },
  ],
});
