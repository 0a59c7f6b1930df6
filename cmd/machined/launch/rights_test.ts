import assert from "node:assert/strict";
import { launchSpec } from "./rights.ts";

/** System calls that change the machine, each with the only services that may make it. */
const MADE_BY: readonly [call: "sethostname" | "setdomainname" | "clock_settime", by: string][] = [
  ["sethostname", "networkd"],
  ["setdomainname", "networkd"],
  ["clock_settime", "timed"],
];

for (const [call, by] of MADE_BY) {
  Deno.test(`launchSpec() lets ${by} make ${call}(2), and nobody else`, () => {
    for (const role of ["apid", "routerd", "networkd", "timed", "trustd"] as const) {
      const { privileges } = launchSpec(role);
      assert.equal(privileges?.deniedSyscalls?.includes(call), role !== by, role);
    }
  });
}
