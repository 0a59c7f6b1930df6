import assert from "node:assert/strict";
import { NETLINK, NetlinkSocket, SOCKADDR_NL } from "./netlink.ts";
import { FdPoller } from "./poller.ts";
import { inOwnProcess, lacksProgram, layoutTest, rootTest } from "./testing.ts";

layoutTest("netlink.ts", ["sys/socket.h", "linux/netlink.h"], {
  "sizeof(struct sockaddr_nl)": SOCKADDR_NL.size,
  "offsetof(struct sockaddr_nl, nl_family)": SOCKADDR_NL.family,
  "offsetof(struct sockaddr_nl, nl_pid)": SOCKADDR_NL.portId,
  "offsetof(struct sockaddr_nl, nl_groups)": SOCKADDR_NL.groups,
  "NETLINK_ROUTE": NETLINK.ROUTE,
  "NETLINK_KOBJECT_UEVENT": NETLINK.KOBJECT_UEVENT,
  "NETLINK_GENERIC": NETLINK.GENERIC,
});

/** struct nlmsghdr and a body of zeros: enough to ask for a dump. */
function request(type: number, flags: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(16 + body.length));
  view.setUint32(0, view.byteLength, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, 1, true);
  new Uint8Array(view.buffer).set(body, 16);
  return new Uint8Array(view.buffer);
}

const RTM_GETLINK = 18;

Deno.test("NetlinkSocket dumps the links of this host", async () => {
  await using poller = new FdPoller();
  using socket = new NetlinkSocket("ROUTE", { extendedAck: true });
  assert.ok(socket.portId > 0);
  assert.equal(socket.tryReceive(), undefined);
  socket.send(request(RTM_GETLINK, 0x301, new Uint8Array(16)));
  const bytes = await socket.receive(poller, AbortSignal.timeout(5_000));
  assert.equal(new DataView(bytes.buffer).getUint16(4, true), 16);
  assert.ok(new TextDecoder().decode(bytes).includes("lo\0"));
});

Deno.test("NetlinkSocket.receive() ends with its signal", async () => {
  await using poller = new FdPoller();
  using socket = new NetlinkSocket("ROUTE");
  await assert.rejects(socket.receive(poller, AbortSignal.timeout(20)), { name: "TimeoutError" });
});

Deno.test("NetlinkSocket drops what another process sends", async () => {
  await using poller = new FdPoller();
  using socket = new NetlinkSocket("ROUTE");
  const spoof = await inOwnProcess(
    `import { openSocket, sendTo, SOCKET } from "$ffi/socket.ts";
     using fd = openSocket(SOCKET.AF_NETLINK, SOCKET.SOCK_RAW, 0, "spoof");
     const to = new DataView(new ArrayBuffer(12));
     to.setUint16(0, 16, true); to.setUint32(4, ${socket.portId}, true);
     let sent: unknown; try { sent = sendTo(fd, new Uint8Array(16), new Uint8Array(to.buffer)); }
     catch (error) { sent = (error as { code: string }).code; }
     console.log(JSON.stringify(sent));`,
  );
  // Since netlink route takes no user-to-user messages, the kernel may already refuse it.
  assert.ok(spoof === true || spoof === "EPERM" || spoof === "ECONNREFUSED", String(spoof));
  const wait = socket.receive(poller, AbortSignal.timeout(50));
  await assert.rejects(wait, { name: "TimeoutError" });
});

rootTest("NetlinkSocket hears its multicast groups", async () => {
  const type = await inOwnProcess(
    `import { NetlinkSocket } from "$ffi/netlink.ts"; import { FdPoller } from "$ffi/poller.ts";
     await using poller = new FdPoller();
     using socket = new NetlinkSocket("ROUTE", { groups: 1, receiveBufferBytes: 1 << 20 });
     const wait = socket.receive(poller, AbortSignal.timeout(5_000));
     await new Deno.Command("ip", { args: ["link", "set", "lo", "up"] }).output();
     console.log(new DataView((await wait).buffer).getUint16(4, true));`,
    ["unshare", "--net"],
  );
  assert.equal(type, 16);
}, lacksProgram("unshare", "ip"));

rootTest("NetlinkSocket hears uevents as NUL-separated text", async () => {
  const texts = await inOwnProcess<string[]>(
    `import { NetlinkSocket } from "$ffi/netlink.ts"; import { FdPoller } from "$ffi/poller.ts";
     await using poller = new FdPoller();
     using socket = new NetlinkSocket("KOBJECT_UEVENT", { groups: 1 });
     const wait = socket.receive(poller, AbortSignal.timeout(5_000));
     await new Deno.Command("ip", { args: ["link", "add", "type", "dummy"] }).output();
     await new Deno.Command("ip", { args: ["link", "add", "type", "veth"] }).output();
     console.log(JSON.stringify(new TextDecoder().decode(await wait).split("\\0")));`,
    ["unshare", "--net"],
  );
  assert.match(texts[0] ?? "", /^add@\/devices\//);
  assert.ok(texts.includes("ACTION=add"));
}, lacksProgram("unshare", "ip"));

rootTest("NetlinkSocket throws the kernel's reason when it may not do what is asked", async () => {
  const result = await inOwnProcess(
    `import { NetlinkSocket } from "$ffi/netlink.ts";
     let code; try { new NetlinkSocket("ROUTE", { receiveBufferBytes: 4096 }).close(); }
     catch (error) { code = (error as { code: string }).code; }
     console.log(JSON.stringify(code));`,
    ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"],
  );
  assert.equal(result, "EPERM");
}, lacksProgram("setpriv"));
