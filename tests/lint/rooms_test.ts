import assert from "node:assert/strict";
import { importFault } from "./rooms.ts";

const FINE: readonly [string, string][] = [
  ["cmd/apid/main.ts", "$lib/rpc/mod.ts"],
  ["cmd/apid/main.ts", "$ffi/mount.ts"],
  ["cmd/apid/main.ts", "./nodes.ts"],
  ["cmd/node/main.ts", "../apid/main.ts"],
  ["lib/service/mod.ts", "$lib/cosi/mod.ts"],
  ["lib/pki/mod.ts", "./ca.ts"],
  ["lib/rpc/server.ts", "node:http2"],
  ["mkimage/main.ts", "$lib/image/mod.ts"],
  ["tests/boot/node_test.ts", "../../cmd/talosctl/main.ts"],
];
for (const [file, source] of FINE) {
  Deno.test(`importFault() lets ${file} import ${source}`, () => {
    assert.equal(importFault(file, source), undefined);
  });
}

const FAULTY: readonly [string, string][] = [
  ["ffi/mount.ts", "$lib/pki/mod.ts"],
  ["lib/pki/ca.ts", "$ffi/mount.ts"],
  ["lib/pki/ca.ts", "../config/mod.ts"],
  ["lib/cosi/state.ts", "$lib/service/mod.ts"],
  ["cmd/apid/main.ts", "../routerd/main.ts"],
  ["cmd/apid/main.ts", "../../lib/rpc/mod.ts"],
  ["cmd/apid/main.ts", "$lib/pki/_x509.ts"],
  ["mkimage/main.ts", "$ffi/mount.ts"],
];
for (const [file, source] of FAULTY) {
  Deno.test(`importFault() forbids ${file} to import ${source}`, () => {
    assert.match(importFault(file, source) ?? "", /^Cannot import/);
  });
}
