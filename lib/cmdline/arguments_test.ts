import assert from "node:assert/strict";
import {
  defaultArguments,
  hostname,
  ignoredInterfaces,
  ipArgument,
  KernelCmdline,
  panicSeconds,
  platform,
  shutdownMode,
  talosConfigUrl,
} from "./mod.ts";

const parse = (line: string) => KernelCmdline.parse(line);

Deno.test("ipArgument() reads all ten fields", () => {
  const line =
    "ip=10.0.0.99:10.0.0.2:10.0.0.1:255.255.252.0:cp-1:eth0:off:1.1.1.1:8.8.8.8:10.0.0.3";
  assert.deepEqual(ipArgument(parse(line)), {
    client: "10.0.0.99",
    server: "10.0.0.2",
    gateway: "10.0.0.1",
    prefix: 22,
    hostname: "cp-1",
    device: "eth0",
    autoconf: "off",
    dns: ["1.1.1.1", "8.8.8.8"],
    ntp: "10.0.0.3",
  });
});

const CASES = [
  {
    name: "reads the documented example",
    line: "ip=10.0.0.99:::255.0.0.0:control-1:eth0:off:10.0.0.1",
    want: {
      client: "10.0.0.99",
      prefix: 8,
      hostname: "control-1",
      device: "eth0",
      autoconf: "off",
      dns: ["10.0.0.1"],
    },
  },
  { name: "is absent without the argument", line: "ro", want: undefined },
  { name: "is absent when empty", line: "ip=", want: undefined },
  { name: "reads the short form", line: "ip=dhcp", want: { autoconf: "dhcp", dns: [] } },
  { name: "obeys the last one", line: "ip=off ip=dhcp", want: { autoconf: "dhcp", dns: [] } },
  {
    name: "derives the netmask from the class",
    line: "ip=192.168.7.2::192.168.7.1",
    want: { client: "192.168.7.2", gateway: "192.168.7.1", prefix: 24, dns: [] },
  },
  {
    name: "takes a prefix length as netmask and 0.0.0.0 as absent",
    line: "ip=172.16.0.2::0.0.0.0:30",
    want: { client: "172.16.0.2", prefix: 30, dns: [] },
  },
  {
    name: "takes IPv6 addresses in square brackets",
    line: "ip=[fd05::9]::[fd05::1]:48:node:eth0:off:[fd05::53]:1.1.1.1:[::]",
    want: {
      client: "fd05::9",
      gateway: "fd05::1",
      prefix: 48,
      hostname: "node",
      device: "eth0",
      autoconf: "off",
      dns: ["fd05::53", "1.1.1.1"],
    },
  },
  {
    name: "takes 64 bits for the network of an IPv6 address without netmask",
    line: "ip=[fd05::9]:::::eth0",
    want: { client: "fd05::9", prefix: 64, device: "eth0", dns: [] },
  },
];
for (const { name, line, want } of CASES) {
  Deno.test(`ipArgument() ${name}`, () => assert.deepEqual(ipArgument(parse(line)), want));
}

const FAULTS = [
  { field: "client-ip", line: "ip=10.0.0.256:::" },
  { field: "client-ip", line: "ip=node:::" },
  { field: "client-ip", line: "ip=[10.0.0.1]:::" },
  { field: "client-ip", line: "ip=[fd05::1::2]:::" },
  { field: "client-ip", line: "ip=fd05::1" },
  { field: "netmask", line: "ip=[fd05::1]:::129" },
  { field: "netmask", line: "ip=10.0.0.1:::64" },
  { field: "gw-ip", line: "ip=10.0.0.1::gateway:" },
  { field: "netmask", line: "ip=10.0.0.1:::255.0.255.0" },
  { field: "netmask", line: "ip=10.0.0.1:::33" },
  { field: "autoconf", line: "ip=maybe" },
  { field: "dns1-ip", line: "ip=10.0.0.1:::::::1.1.1.1:x" },
  { field: "ntp0-ip", line: "ip=10.0.0.1:::::::::pool.ntp.org" },
];
for (const { field, line } of FAULTS) {
  Deno.test(`ipArgument() names ${field} in ${line}`, () => {
    assert.throws(() => ipArgument(parse(line)), {
      name: "SyntaxError",
      message: new RegExp(`^Cannot read ${field} of kernel argument ip: "`),
    });
  });
}

Deno.test("ipArgument() throws nothing but SyntaxError whatever it is given", () => {
  const parts = [
    "",
    "10.0.0.1",
    "255.255.0.0",
    "x",
    "dhcp",
    "1.2.3",
    "999.1.1.1",
    "24",
    "::",
    "é",
    "[fd05::1]",
    "[",
    "]",
  ];
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  for (let round = 0; round < 20_000; round++) {
    const value = Array.from({ length: random(13) }, () => parts[random(parts.length)]).join(":");
    try {
      ipArgument(parse(`ip=${value}`));
    } catch (error) {
      assert.ok(error instanceof SyntaxError, value);
    }
  }
});

Deno.test("ignoredInterfaces() joins repeated arguments and lists", () => {
  const key = "talos.network.interface.ignore";
  assert.deepEqual(ignoredInterfaces(parse(`${key}=eth0 ${key}=eth1,eth0`)), ["eth0", "eth1"]);
  assert.deepEqual(ignoredInterfaces(parse("")), []);
});

Deno.test("panicSeconds() reads what the kernel reads", () => {
  assert.equal(panicSeconds(parse("panic=10")), 10);
  assert.equal(panicSeconds(parse("panic=0")), 0);
  assert.equal(panicSeconds(parse("panic=-1")), -1);
  assert.equal(panicSeconds(parse("panic=10 panic=0")), 0);
  assert.equal(panicSeconds(parse("")), undefined);
  assert.equal(panicSeconds(parse("panic=soon")), undefined);
  assert.equal(panicSeconds(parse("panic")), undefined);
});

Deno.test("talosConfigUrl(), platform(), hostname() and shutdownMode() read the last value", () => {
  const cmdline = parse(
    "talos.platform=metal talos.config=http://10.0.0.1/c.yaml?uuid= talos.hostname=a talos.hostname=b talos.shutdown=halt",
  );
  assert.equal(platform(cmdline), "metal");
  assert.equal(talosConfigUrl(cmdline), "http://10.0.0.1/c.yaml?uuid=");
  assert.equal(hostname(cmdline), "b");
  assert.equal(shutdownMode(cmdline), "halt");
  assert.equal(shutdownMode(parse("")), "poweroff");
  assert.equal(talosConfigUrl(parse("talos.config=")), undefined);
});

Deno.test("defaultArguments() holds what the boot refuses to go without", () => {
  const cmdline = parse(
    defaultArguments({ platform: "metal", config: "none", consoles: ["tty0", "ttyS0"] }).join(" "),
  );
  assert.equal(cmdline.has("slab_nomerge"), true);
  assert.equal(cmdline.last("pti"), "on");
  assert.equal(panicSeconds(cmdline), 10);
  assert.equal(cmdline.last("oops"), "panic");
  assert.equal(cmdline.last("module.sig_enforce"), "1");
  assert.equal(cmdline.last("talos.platform"), "metal");
  assert.equal(cmdline.last("talos.config"), "none");
  assert.equal(cmdline.last("console"), "ttyS0");
});
