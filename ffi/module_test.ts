import assert from "node:assert/strict";
import { SyscallError } from "./errno.ts";
import { loadModule, MODULE_INIT } from "./module.ts";
import { layoutTest, rootTest } from "./testing.ts";

layoutTest("module.ts MODULE_INIT", ["linux/module.h"], {
  MODULE_INIT_COMPRESSED_FILE: MODULE_INIT.COMPRESSED_FILE,
});

Deno.test("loadModule() throws ENOENT for a file that is not there", () => {
  assert.throws(() => loadModule("/nowhere.ko"), { code: "ENOENT", subject: "/nowhere.ko" });
});

rootTest("loadModule() throws the kernel's reason for a file that is no module", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ko" });
  try {
    await Deno.writeTextFile(path, "no module");
    assert.throws(() => loadModule(path), (error) => {
      assert.ok(error instanceof SyscallError);
      // ENOSYS on a kernel built without modules, ENOEXEC on the others.
      assert.ok(["ENOEXEC", "ENOSYS"].includes(error.code), error.message);
      assert.equal(error.syscall, "finit_module");
      return true;
    });
  } finally {
    await Deno.remove(path);
  }
});
