import assert from "node:assert/strict";
import { readSysctl, sysctlPath, writeSysctl } from "./sysctl.ts";
import { inOwnProcess, lacksProgram, rootTest } from "./testing.ts";

Deno.test("sysctlPath() parts names by dots, or by slashes when there is one", () => {
  assert.equal(sysctlPath("net.ipv4.ip_forward"), "/proc/sys/net/ipv4/ip_forward");
  assert.equal(
    sysctlPath("net/ipv4/conf/eth0.1/rp_filter"),
    "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
  );
});

Deno.test("sysctlPath() refuses names that lead elsewhere", () => {
  for (const name of ["", "../etc/passwd", "kernel..panic", "/etc/passwd", "kernel/./panic"]) {
    assert.throws(() => sysctlPath(name), TypeError, name);
  }
});

Deno.test("readSysctl() reads, and throws ENOENT with the path", () => {
  assert.equal(readSysctl("kernel.ostype"), "Linux");
  assert.throws(() => readSysctl("kernel.none"), { subject: "/proc/sys/kernel/none" });
});

rootTest(
  "writeSysctl() sets a parameter and throws EINVAL for a value it does not take",
  async () => {
    const result = await inOwnProcess(
      `import { readSysctl, writeSysctl } from "$ffi/sysctl.ts";
     const name = "net.ipv4.ip_forward";
     writeSysctl(name, "1"); const value = readSysctl(name);
     let code; try { writeSysctl(name, "maybe"); } catch (e) { code = (e as { code: string }).code; }
     console.log(JSON.stringify({ value, code }));`,
      ["unshare", "--net"],
    );
    assert.deepEqual(result, { value: "1", code: "EINVAL" });
  },
  lacksProgram("unshare"),
);

Deno.test("writeSysctl() throws ENOENT for a parameter this kernel lacks", () => {
  assert.throws(() => writeSysctl("kernel.none", "1"), { code: "ENOENT" });
});
