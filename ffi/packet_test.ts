import assert from "node:assert/strict";
import { BPF, filterProgram, SOCK_FILTER } from "./bpf.ts";
import { SOCKADDR_LL } from "./packet.ts";
import { FdPoller } from "./poller.ts";
import { inOwnProcess, lacksProgram, layoutTest, rootTest } from "./testing.ts";
import { SOCKADDR_IN, SOCKADDR_IN6, UdpSocket } from "./udp.ts";

layoutTest("packet.ts, udp.ts and bpf.ts", [
  "netinet/in.h",
  "linux/if_packet.h",
  "linux/filter.h",
], {
  "sizeof(struct sockaddr_ll)": SOCKADDR_LL.size,
  "offsetof(struct sockaddr_ll, sll_family)": SOCKADDR_LL.family,
  "offsetof(struct sockaddr_ll, sll_protocol)": SOCKADDR_LL.protocol,
  "offsetof(struct sockaddr_ll, sll_ifindex)": SOCKADDR_LL.ifindex,
  "offsetof(struct sockaddr_ll, sll_pkttype)": SOCKADDR_LL.packetType,
  "offsetof(struct sockaddr_ll, sll_halen)": SOCKADDR_LL.addressLength,
  "offsetof(struct sockaddr_ll, sll_addr)": SOCKADDR_LL.address,
  "PACKET_OUTGOING": SOCKADDR_LL.PACKET_OUTGOING,
  "sizeof(struct sockaddr_in)": SOCKADDR_IN.size,
  "offsetof(struct sockaddr_in, sin_family)": SOCKADDR_IN.family,
  "offsetof(struct sockaddr_in, sin_port)": SOCKADDR_IN.port,
  "offsetof(struct sockaddr_in, sin_addr)": SOCKADDR_IN.address,
  "sizeof(struct sockaddr_in6)": SOCKADDR_IN6.size,
  "offsetof(struct sockaddr_in6, sin6_family)": SOCKADDR_IN6.family,
  "offsetof(struct sockaddr_in6, sin6_port)": SOCKADDR_IN6.port,
  "offsetof(struct sockaddr_in6, sin6_addr)": SOCKADDR_IN6.address,
  "sizeof(struct sock_filter)": SOCK_FILTER.size,
  "offsetof(struct sock_filter, code)": SOCK_FILTER.code,
  "offsetof(struct sock_filter, jt)": SOCK_FILTER.jt,
  "offsetof(struct sock_filter, jf)": SOCK_FILTER.jf,
  "offsetof(struct sock_filter, k)": SOCK_FILTER.k,
  "sizeof(struct sock_fprog)": SOCK_FILTER.programSize,
  "offsetof(struct sock_fprog, len)": SOCK_FILTER.programLength,
  "offsetof(struct sock_fprog, filter)": SOCK_FILTER.programFilter,
  "BPF_LD|BPF_W|BPF_ABS": BPF.LOAD_WORD,
  "BPF_LD|BPF_H|BPF_ABS": BPF.LOAD_HALF,
  "BPF_LD|BPF_B|BPF_ABS": BPF.LOAD_BYTE,
  "BPF_LD|BPF_H|BPF_IND": BPF.LOAD_HALF_AT_X,
  "BPF_LDX|BPF_B|BPF_MSH": BPF.LOAD_X_IP_HEADER_LENGTH,
  "BPF_JMP|BPF_JEQ|BPF_K": BPF.JUMP_EQUAL,
  "BPF_JMP|BPF_JGE|BPF_K": BPF.JUMP_GREATER_EQUAL,
  "BPF_JMP|BPF_JSET|BPF_K": BPF.JUMP_BITS_SET,
  "BPF_RET|BPF_K": BPF.RETURN,
});

Deno.test("filterProgram() refuses none and too many instructions", () => {
  assert.throws(() => filterProgram([]), RangeError);
  assert.throws(() => filterProgram(Array(4097).fill({ op: "RETURN", k: 0 })), RangeError);
});

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test(`UdpSocket sends to ${hostname} and tells who sent`, async () => {
    await using poller = new FdPoller();
    using one = new UdpSocket({ hostname, port: 0 });
    using other = new UdpSocket({ hostname, port: 0 });
    one.send(Uint8Array.of(1, 2, 3), other.local);
    const { bytes, from } = await other.receive(poller);
    assert.deepEqual([...bytes], [1, 2, 3]);
    assert.deepEqual(from, one.local);
    assert.equal(from.hostname, hostname);
  });
}

Deno.test("UdpSocket refuses what is no address", () => {
  assert.throws(() => new UdpSocket({ hostname: "localhost", port: 0 }), TypeError);
  assert.throws(() => new UdpSocket({ hostname: "fe80::1%lo", port: 0 }), TypeError);
});

const LINK = `
  import { PacketSocket } from "$ffi/packet.ts"; import { FdPoller } from "$ffi/poller.ts";
  import { findInterfaceIndex } from "$ffi/socket.ts"; import { UdpSocket } from "$ffi/udp.ts";
  import { udpPortFilter } from "$ffi/bpf.ts";
  const ip = (...args: string[]) => new Deno.Command("ip", { args }).output();
  await ip("link", "add", "left", "type", "veth", "peer", "name", "right");
  await ip("link", "set", "left", "up"); await ip("link", "set", "right", "up");
  // The kernel lets packets through once it has noticed the carrier, which on a busy host takes a while.
  for (const name of ["left", "right"]) {
    const show = async () => JSON.parse(new TextDecoder().decode((await ip("-json", "link", "show", name)).stdout));
    while ((await show())[0].operstate !== "UP") await new Promise((again) => setTimeout(again, 10));
  }
  const index = (name: string) => findInterfaceIndex(name) ?? 0;
  const packet = (port: number, text: string, protocol = 17) => {
    const data = new TextEncoder().encode(text);
    const view = new DataView(new ArrayBuffer(28 + data.length));
    view.setUint8(0, 0x45); view.setUint16(2, view.byteLength); view.setUint8(8, 64);
    view.setUint8(9, protocol); view.setUint32(16, 0xffffffff);
    view.setUint16(20, 67); view.setUint16(22, port); view.setUint16(24, 8 + data.length);
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += view.getUint16(i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(10, ~sum & 0xffff);
    const bytes = new Uint8Array(view.buffer); bytes.set(data, 28);
    return bytes;
  };
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(28));
  const soon = () => AbortSignal.timeout(5_000);
  const say = (value: unknown) => console.log(JSON.stringify(value));
`;

function linkTest(name: string, script: string, want: unknown): void {
  rootTest(
    name,
    async () => assert.deepEqual(await inOwnProcess(LINK + script, ["unshare", "--net"]), want),
    lacksProgram("unshare", "ip"),
  );
}

linkTest(
  "PacketSocket sends to everyone and hears the hardware address of the sender",
  `await using poller = new FdPoller();
   using a = new PacketSocket(index("left")); using b = new PacketSocket(index("right"));
   a.send(packet(68, "discover"));
   const heard = await b.receive(poller, soon());
   const mac = [...heard.from].map((n) => n.toString(16).padStart(2, "0")).join(":");
   const link = JSON.parse(new TextDecoder().decode((await ip("-json", "link", "show", "left")).stdout));
   say({ text: text(heard.bytes), sender: mac === link[0].address, own: a.tryReceive() ?? null });`,
  { text: "discover", sender: true, own: null },
);

linkTest(
  "PacketSocket with udpPortFilter() hears that port alone",
  `await using poller = new FdPoller();
   using a = new PacketSocket(index("left"));
   using b = new PacketSocket(index("right"), { filter: udpPortFilter(68) });
   a.send(packet(69, "other port")); a.send(packet(68, "tcp", 6));
   const fragment = packet(68, "fragment"); fragment[7] = 1; a.send(fragment);
   a.send(packet(68, "offer"));
   const first = text((await b.receive(poller, soon())).bytes);
   await new Promise((resume) => setTimeout(resume, 50));
   say([first, b.tryReceive() === undefined]);`,
  ["offer", true],
);

linkTest(
  "PacketSocket throws ENODEV for an interface that is gone",
  `let code = "none"; try { new PacketSocket(9999); } catch (e) { code = (e as { code: string }).code; }
   say(code);`,
  "ENODEV",
);

linkTest(
  "UdpSocket on a device hears that device alone",
  `await ip("addr", "add", "10.0.0.1/24", "dev", "left"); await ip("link", "set", "lo", "up");
   // Both ends of the link are this host's, which it takes for a forgery unless told.
   for (const name of ["all", "right"]) {
     Deno.writeTextFileSync("/proc/sys/net/ipv4/conf/" + name + "/accept_local", "1");
     Deno.writeTextFileSync("/proc/sys/net/ipv4/conf/" + name + "/rp_filter", "0");
   }
   await using poller = new FdPoller();
   using there = new UdpSocket({ hostname: "0.0.0.0", port: 68 }, { device: "right" });
   using onLo = new UdpSocket({ hostname: "0.0.0.0", port: 68 }, { device: "lo" });
   using sender = new UdpSocket({ hostname: "10.0.0.1", port: 0 }, { device: "left", broadcast: true });
   sender.send(new TextEncoder().encode("hello"), { hostname: "255.255.255.255", port: 68 });
   const self = new UdpSocket({ hostname: "127.0.0.1", port: 0 });
   self.send(new TextEncoder().encode("to lo"), { hostname: "127.0.0.1", port: 68 });
   const { bytes, from } = await onLo.receive(poller, soon());
   self.close();
   const other = await there.receive(poller, soon());
   say({ text: new TextDecoder().decode(bytes), from: from.hostname, port: sender.local.port > 0,
     other: other.from.hostname });`,
  { text: "to lo", from: "127.0.0.1", port: true, other: "10.0.0.1" },
);
