import assert from "node:assert/strict";
import { reachable } from "./names.ts";

Deno.test("a machine is reached at the addresses that are not loopback or of one link only", () => {
  const all = ["127.0.0.1", "::1", "10.0.2.15", "fe80::1%eth0", "fd00::5", "169.254.7.7"];
  assert.deepEqual(reachable(all, []), ["10.0.2.15", "fd00::5"]);
});

Deno.test("an address of the pods' or the services' network is none of the machine", () => {
  const all = ["10.0.2.15", "10.244.0.1", "10.244.3.0", "10.96.0.1", "fc00:db8::1", "fd00::5"];
  const inner = ["10.244.0.0/16", "10.96.0.0/12", "fc00:db8::/56"];
  assert.deepEqual(reachable(all, inner), ["10.0.2.15", "fd00::5"]);
});
