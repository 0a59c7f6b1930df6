import { type BondOptions, encodeBond } from "./netlink_bond.ts";
import { encodeAttributes, type NetlinkAttribute, textBytes, uint32Bytes } from "./netlink.ts";
import { IFINFOMSG_SIZE, IFLA, IFLA_INFO, IFLA_VLAN_ID } from "./netlink_link.ts";

/** A virtual link to make. */
export type NewLink = { readonly name: string } & LinkKind;

/** What a virtual link is, and what it is made with. */
export type LinkKind =
  | { readonly kind: "dummy" | "wireguard" }
  | { readonly kind: "vlan"; readonly vlan: { readonly parent: number; readonly id: number } }
  | { readonly kind: "bond"; readonly bond: BondOptions };

/** The payload of RTM_NEWLINK that makes a link. @throws {SyntaxError} for an unknown bond option */
export function encodeNewLink(link: NewLink): Uint8Array<ArrayBuffer> {
  const data = dataOf(link);
  const info: NetlinkAttribute[] = [
    [IFLA_INFO.KIND, new TextEncoder().encode(link.kind)],
    ...(data ? [[IFLA_INFO.DATA, data] as const] : []),
  ];
  const attributes = encodeAttributes([
    ...(link.kind === "vlan" ? [[IFLA.LINK, uint32Bytes(link.vlan.parent)] as const] : []),
    [IFLA.IFNAME, textBytes(link.name)],
    [IFLA.LINKINFO, encodeAttributes(info)],
  ]);
  const bytes = new Uint8Array(IFINFOMSG_SIZE + attributes.length);
  bytes.set(attributes, IFINFOMSG_SIZE);
  return bytes;
}

function dataOf(link: NewLink): Uint8Array | undefined {
  switch (link.kind) {
    case "vlan":
      return encodeAttributes([[IFLA_VLAN_ID, uint32Bytes(link.vlan.id).subarray(0, 2)]]);
    case "bond":
      return encodeBond(link.bond);
    default:
      return undefined;
  }
}
