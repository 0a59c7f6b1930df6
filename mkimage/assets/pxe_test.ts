import assert from "node:assert/strict";
import { pxeScript } from "./pxe.ts";
import { bootArguments } from "./release.ts";

Deno.test("pxeScript() boots what lies beside it with the arguments of an installed machine", () => {
  const extra = "talos.config=http://10.0.2.2/config?uuid=${uuid}";
  const [shebang, kernel, initrd, boot] = pxeScript(bootArguments([extra])).split("\n");
  assert.deepEqual([shebang, initrd, boot], ["#!ipxe", "initrd initramfs-amd64.xz", "boot"]);
  assert.match(kernel!, /^kernel vmlinuz-amd64 initrd=initramfs-amd64\.xz init_on_alloc=1 /);
  assert.ok(kernel!.endsWith(` ${extra}`));
});
