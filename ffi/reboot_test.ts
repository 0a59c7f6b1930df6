import assert from "node:assert/strict";
import { REBOOT } from "./reboot.ts";
import { inOwnProcess, lacksProgram, layoutTest, rootTest } from "./testing.ts";

layoutTest("reboot.ts REBOOT", ["sys/reboot.h"], {
  "(unsigned)RB_AUTOBOOT": REBOOT.RESTART,
  "(unsigned)RB_HALT_SYSTEM": REBOOT.HALT,
  "(unsigned)RB_POWER_OFF": REBOOT.POWER_OFF,
  "(unsigned)RB_ENABLE_CAD": REBOOT.CAD_ON,
  "(unsigned)RB_DISABLE_CAD": REBOOT.CAD_OFF,
  "(unsigned)RB_KEXEC": REBOOT.KEXEC,
});

/** A second lock on the door: the script runs only as the init of a namespace. */
const ONLY_IN_NAMESPACE = `if (Deno.pid !== 1) throw new Error("not in a namespace");`;

// In a pid namespace of its own, reboot(2) ends that namespace's init and never the machine.
rootTest("reboot() is refused in a pid namespace for what concerns the machine", async () => {
  const result = await inOwnProcess(
    `import { reboot } from "$ffi/reboot.ts"; ${ONLY_IN_NAMESPACE}
     const code = (command: Parameters<typeof reboot>[0]) => {
       try { reboot(command); return "done"; } catch (e) { return (e as { code: string }).code; }
     };
     console.log(JSON.stringify([code("CAD_OFF"), code("KEXEC")]));`,
    ["unshare", "--pid", "--fork", "--kill-child"],
  );
  assert.deepEqual(result, ["EINVAL", "EINVAL"]);
}, lacksProgram("unshare"));

rootTest("reboot() RESTART ends the init of its pid namespace", async () => {
  const script = `import { reboot } from "$ffi/reboot.ts"; ${ONLY_IN_NAMESPACE} reboot("RESTART");`;
  const run = inOwnProcess(script, ["unshare", "--pid", "--fork", "--kill-child"]);
  // It dies before it can print or complain.
  await assert.rejects(run, { message: /: $/ });
}, lacksProgram("unshare"));
