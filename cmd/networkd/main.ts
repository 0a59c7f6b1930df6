import { lookup } from "node:dns/promises";
import { parseArgs } from "node:util";
import { setDomainName, setHostname } from "$ffi/hostname.ts";
import { NetlinkSocket } from "$ffi/netlink.ts";
import { PacketSocket } from "$ffi/packet.ts";
import { udpPortFilter } from "$ffi/bpf.ts";
import { FdPoller } from "$ffi/poller.ts";
import { writeSysctl } from "$ffi/sysctl.ts";
import { type UdpAddress, UdpSocket } from "$ffi/udp.ts";
import {
  arpAnnouncement,
  DHCP4_PORT,
  DHCP6_PORT,
  encodeArp,
  type Link,
  RTMGRP,
} from "$lib/codec/mod.ts";
import {
  Feed,
  healthApi,
  healthLineSocket,
  HealthState,
  jsonLines,
  serveConnect,
  serveHealthLine,
} from "$lib/daemon/mod.ts";
import { NETWORK_FEED, SOCKETS } from "$lib/paths/mod.ts";
import type { NetworkStatus } from "$lib/resources/mod.ts";
import { Health } from "$proto/health/health_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import type { DatagramChannel, PacketChannel } from "./channel.ts";
import { messageOf } from "./interface_plan.ts";
import { networkApi } from "./network_api.ts";
import { overwrite } from "./network_files.ts";
import { NetlinkTalk } from "./netlink_talk.ts";
import { Networkd } from "./networkd.ts";
import { RouteKernel } from "./route_kernel.ts";
import { readSettings } from "./settings.ts";
import { WireguardKernel } from "./wireguard_kernel.ts";

const WATCHED = RTMGRP.LINK | RTMGRP.IPV4_IFADDR | RTMGRP.IPV4_ROUTE | RTMGRP.IPV6_IFADDR |
  RTMGRP.IPV6_ROUTE;
/** After an error on the watching socket, so that a lasting one does not spin. */
const WATCH_PAUSE_MS = 1_000;

/** Runs networkd until its stdin ends: settings in, links, addresses, routes and names out. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      socket: { type: "string", default: SOCKETS.networkd },
      feed: { type: "string", default: NETWORK_FEED },
      "root-dir": { type: "string", default: "/" },
    },
  });
  const etc = `${values["root-dir"]}/system/etc`;
  await using poller = new FdPoller();
  using requests = new NetlinkSocket("ROUTE", { extendedAck: true });
  using generic = new NetlinkSocket("GENERIC", { extendedAck: true });
  using watched = new NetlinkSocket("ROUTE", { groups: WATCHED });
  // ffi stays: DHCP opens sockets as links come and leases end.
  for (const name of ["run", "sys"] as const) await Deno.permissions.revoke({ name });
  const tunnels = new WireguardKernel(new NetlinkTalk(generic));
  const kernel = new RouteKernel(new NetlinkTalk(requests), tunnels);
  const health = new HealthState();
  const feed = new Feed<NetworkStatus>();
  const networkd = new Networkd({
    kernel,
    log,
    setHostname,
    setDomainName,
    nowMs: () => performance.now(),
    packets: (link) => {
      const filter = udpPortFilter(DHCP4_PORT.CLIENT);
      return packetChannel(new PacketSocket(link.index, { filter }), poller);
    },
    arpPackets: ({ index }) => packetChannel(new PacketSocket(index, { protocol: "ARP" }), poller),
    datagrams: (link, hostname) =>
      datagramChannel(link, { hostname, port: DHCP4_PORT.CLIENT }, poller),
    datagrams6: (link) =>
      datagramChannel(link, { hostname: "::", port: DHCP6_PORT.CLIENT }, poller),
    announce(index, address) {
      const link = kernel.read().links.find((link) => link.index === index);
      if (!link?.mac) return;
      const { mac, name } = link;
      // IPv6 has no ARP: the kernel itself tells neighbours once it found that nobody else has it.
      if (address.includes(":")) return writeSysctl(`net/ipv6/conf/${name}/ndisc_notify`, "1");
      using socket = new PacketSocket(index, { protocol: "ARP" });
      socket.send(encodeArp(arpAnnouncement(mac, address)));
    },
    heedRouters: ({ name }) => writeSysctl(`net/ipv6/conf/${name}/accept_ra`, "2"),
    lookup: async (host) => (await lookup(host)).address,
    writeFile: (name, text) => overwrite(`${etc}/${name}`, text),
    onStatus: (status) => feed.publish(status),
    onReady() {
      health.ready = true;
      log("ready");
    },
  });
  const server = await serveConnect(values.socket, (router) => {
    router.service(NetworkService, networkApi(() => kernel.read()));
    router.service(Health, healthApi(health));
  });
  const line = await serveHealthLine(healthLineSocket(values.socket), health);
  const told = await feed.serve(values.feed);
  const ended = new AbortController();
  const watching = watch(watched, poller, ended.signal, () => networkd.wake());
  for await (const settings of jsonLines(Deno.stdin.readable, readSettings, log)) {
    networkd.configure(settings);
  }
  ended.abort();
  await watching;
  await networkd.close();
  await told.close();
  await line.close();
  await server.close();
}

/** Wakes for each message about a change; what is in it is read anew, so a lost one does no harm. */
async function watch(
  socket: NetlinkSocket,
  poller: FdPoller,
  signal: AbortSignal,
  wake: () => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await socket.receive(poller, signal);
    } catch (error) {
      if (signal.aborted) return;
      log(messageOf(error));
      await new Promise((resume) => setTimeout(resume, WATCH_PAUSE_MS));
    }
    wake();
  }
}

function packetChannel(socket: PacketSocket, poller: FdPoller): PacketChannel {
  return {
    send: (bytes) => socket.send(bytes),
    receive: async (signal) => (await socket.receive(poller, signal)).bytes,
    [Symbol.dispose]: () => socket.close(),
  };
}

function datagramChannel(link: Link, local: UdpAddress, poller: FdPoller): DatagramChannel {
  const socket = new UdpSocket(local, { device: link.name });
  return {
    send: (bytes, to) => socket.send(bytes, to),
    receive: async (signal) => (await socket.receive(poller, signal)).bytes,
    [Symbol.dispose]: () => socket.close(),
  };
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
