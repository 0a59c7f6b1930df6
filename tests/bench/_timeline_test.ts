import assert from "node:assert/strict";
import { stretches } from "./_timeline.ts";

Deno.test("stretches() tells what each part of a boot took, and leaves out what did not come", () => {
  const console = [
    "[    0.000000] Linux version",
    "[    4.500000] Run /init as init process",
    "[    6.000000] [talos] image v0.1.0, root hash ab",
    "[    9.250000] [talos] initialize sequence: 8 phase(s)",
    "[   12.250000] [talos] task loadConfig (1/1): done, 1s",
  ].join("\r\n");
  assert.deepEqual(stretches(console), {
    ...{ kernel: 4.5, "early stage": 1.5, machined: 3.3, configuration: 3 },
  });
});
