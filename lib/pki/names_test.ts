import assert from "node:assert/strict";
import { covers, sans } from "./names.ts";

Deno.test("sans() sorts addresses from names, cleans them and drops doubles", () => {
  const mixed = [
    "10.5.0.2",
    "Node-A.",
    "node-a",
    "[fd00:0::2]",
    "fd00::2",
    "fe80::1%eth0",
    "*.lan",
  ];
  assert.deepEqual(sans(mixed), {
    ips: ["10.5.0.2", "fd00::2", "fe80::1"],
    dns: ["node-a", "*.lan"],
  });
});

for (
  const bad of ["", " ", "10.5.0.0/24", "https://x:6443", "node a", "-a", "a..b", "a".repeat(64)]
) {
  Deno.test(`sans() refuses "${bad.slice(0, 20)}"`, () => {
    assert.throws(() => sans([bad]), /Cannot use name ".*" in a certificate/);
  });
}

const NAMES = sans(["10.5.0.2", "fd00::2", "node-a", "*.lan"]);
const HOSTS: [string, boolean][] = [
  ["10.5.0.2", true],
  ["10.5.0.3", false],
  ["fd00:0:0::2", true],
  ["[fd00::2]", true],
  ["NODE-A.", true],
  ["node-b", false],
  ["x.lan", true],
  ["x.y.lan", false],
  ["lan", false],
];
for (const [host, want] of HOSTS) {
  Deno.test(`covers() says ${want} for ${host}`, () => assert.equal(covers(NAMES, host), want));
}
