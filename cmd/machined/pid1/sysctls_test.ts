import assert from "node:assert/strict";
import { procSysctls } from "./sysctls.ts";

Deno.test("procSysctls() writes a parameter by its dotted name", async () => {
  const root = await Deno.makeTempDir();
  await Deno.mkdir(`${root}/net/ipv4`, { recursive: true });
  await Deno.writeTextFile(`${root}/net/ipv4/ip_forward`, "0");
  const sysctls = procSysctls(root);
  sysctls.write("net.ipv4.ip_forward", "1");
  assert.equal(await Deno.readTextFile(`${root}/net/ipv4/ip_forward`), "1");
  assert.equal(sysctls.exists("net.ipv4.ip_forward"), true);
  assert.equal(sysctls.exists("net.ipv4.absent"), false);
  await Deno.remove(root, { recursive: true });
});

Deno.test("procSysctls() never creates a file and names what failed", async () => {
  const root = await Deno.makeTempDir();
  assert.throws(() => procSysctls(root).write("kernel.nothing", "1"), /"kernel.nothing" to "1"/);
  assert.throws(() => procSysctls(root).write("../etc/passwd", "1"), /no parameter's name/);
  await Deno.remove(root, { recursive: true });
});
