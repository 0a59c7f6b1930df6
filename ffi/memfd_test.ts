import assert from "node:assert/strict";
import { MEMFD, sealedFile } from "./memfd.ts";
import { layoutTest } from "./testing.ts";

layoutTest("memfd.ts MEMFD", ["sys/mman.h", "fcntl.h"], {
  MFD_CLOEXEC: MEMFD.CLOEXEC,
  MFD_ALLOW_SEALING: MEMFD.ALLOW_SEALING,
  F_ADD_SEALS: MEMFD.ADD_SEALS,
  F_SEAL_SEAL: MEMFD.SEAL_SEAL,
  F_SEAL_SHRINK: MEMFD.SEAL_SHRINK,
  F_SEAL_GROW: MEMFD.SEAL_GROW,
  F_SEAL_WRITE: MEMFD.SEAL_WRITE,
});

Deno.test("sealedFile() can be read by its path and not changed", async () => {
  using file = sealedFile("secret", new TextEncoder().encode("kept in memory"));
  const path = `/proc/self/fd/${file.number}`;
  assert.equal(await Deno.readTextFile(path), "kept in memory");
  assert.throws(() => file.write(new Uint8Array([1])), { code: "EPERM", subject: "secret" });
});
