import assert from "node:assert/strict";
import { CLONE, enterNamespace } from "./namespace.ts";
import { inOwnProcess, layoutTest, rootTest } from "./testing.ts";

layoutTest(
  "namespace.ts CLONE",
  ["sched.h"],
  Object.fromEntries(Object.entries(CLONE).map(([name, value]) => [`CLONE_${name}`, value])),
);

rootTest(
  "unshareThread() and enterNamespace() move the calling thread there and back",
  async () => {
    const result = await inOwnProcess(
      `import { enterNamespace, unshareThread } from "$ffi/namespace.ts";
     const own = () => Deno.readLinkSync("/proc/thread-self/ns/net");
     const first = own();
     const old = Deno.openSync("/proc/thread-self/ns/net");
     const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
     unshareThread("NEWNET", "NEWNS");
     const second = own();
     enterNamespace("/proc/" + child.pid + "/ns/net");
     const back = own();
     child.kill(); await child.status; old.close();
     console.log(JSON.stringify([first !== second, first === back]));`,
    );
    assert.deepEqual(result, [true, true]);
  },
);

Deno.test("enterNamespace() throws EINVAL for a file that is no namespace", () => {
  assert.throws(() => enterNamespace("/etc/passwd"), { syscall: "setns", code: "EINVAL" });
});
