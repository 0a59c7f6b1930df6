/**
 * Bytes to values and back: netlink messages of routes and of WireGuard, uevents, ARP, DHCP, NTP,
 * addresses, labels of volumes.
 *
 * Decoders never read past what they are given: bytes that do not fit end in a RangeError, bytes
 * that mean something else in a SyntaxError, and both name the field.
 *
 * ```ts
 * import { clockOffsetNs, networkOf, parseCidr } from "$lib/codec/mod.ts";
 *
 * if (networkOf(parseCidr("10.1.2.3/8")).address !== "10.0.0.0") throw new Error("network");
 * const times = { sent: 10n, serverReceived: 20n, serverSent: 20n, received: 12n };
 * if (clockOffsetNs(times) !== 9n) throw new Error("offset");
 * ```
 *
 * @module
 */

export {
  arpAnnouncement,
  type ArpPacket,
  arpProbe,
  decodeArp,
  encodeArp,
  isArpConflict,
} from "./arp.ts";
export {
  canonicalIp,
  classPrefix,
  formatIp,
  formatIpv4,
  formatIpv6,
  formatMac,
  type IpPrefix,
  isInNetwork,
  maskPrefix,
  networkOf,
  parseCidr,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "./ip.ts";
export {
  decodeAttributes,
  decodeErrno,
  decodeErrorText,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  type NetlinkAttribute,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
} from "./netlink.ts";
export { BOND_MODES, BOND_OPTIONS, type BondOption, type BondOptions } from "./netlink_bond.ts";
export { encodeNewLink, type NewLink } from "./netlink_new_link.ts";
export { decodeFamily, encodeFamilyQuery, GENERIC_CONTROL } from "./netlink_generic.ts";
export {
  decodeWireguard,
  encodeWireguard,
  encodeWireguardQuery,
  WIREGUARD,
  type WireguardDevice,
  type WireguardPeer,
} from "./wireguard.ts";
export { AF, RTM, RTMGRP } from "./netlink_rtm.ts";
export {
  ARPHRD,
  decodeLink,
  encodeLinkChange,
  encodeLinkQuery,
  encodeLinkRemoval,
  IFF,
  type Link,
  type LinkChange,
} from "./netlink_link.ts";
export {
  type Address,
  decodeAddress,
  encodeAddress,
  encodeAddressQuery,
} from "./netlink_address.ts";
export {
  decodeRoute,
  encodeRoute,
  encodeRouteQuery,
  type Route,
  RT_SCOPE,
  RT_TABLE,
  RTN,
  RTNH_F_ONLINK,
  RTPROT,
} from "./netlink_route.ts";
export { decodeDhcp4, DHCP4_PORT, DHCP4_TYPE, type Dhcp4Message, encodeDhcp4 } from "./dhcp4.ts";
export { DHCP4_OPTION, type Dhcp4Options, type Dhcp4Route } from "./dhcp4_options.ts";
export {
  decodeDhcp6,
  DHCP6_OPTION,
  DHCP6_PORT,
  DHCP6_SERVERS,
  DHCP6_TYPE,
  type Dhcp6Identity,
  type Dhcp6Message,
  type Dhcp6Options,
  encodeDhcp6,
} from "./dhcp6.ts";
export {
  decodeUdpPacket,
  encodeUdpPacket,
  internetChecksum,
  type UdpChecksum,
  type UdpPacket,
} from "./dhcp4_frame.ts";
export {
  decodeNtpReply,
  encodeNtpRequest,
  kissCode,
  NTP_PACKET_SIZE,
  type NtpReply,
  ntpReplyFault,
} from "./ntp.ts";
export { clockOffsetNs, type NtpTimes, ntpToUnixNs, roundTripNs, unixNsToNtp } from "./ntp_time.ts";
export { decodeUevent, type Uevent } from "./uevent.ts";
export { VOLUME_HEAD_BYTES, type VolumeLabel, volumeLabel } from "./volume_label.ts";
