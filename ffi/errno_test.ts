import assert from "node:assert/strict";
import { check, checkUnless, isSyscallError, SyscallError } from "./errno.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // int rmdir(const char *path)
  rmdir: { parameters: ["buffer"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int getpid(void)
  getpid: { parameters: [], result: "i32" },
});

Deno.test("check() throws the call, its subject and errno's name", () => {
  const act = () => check("rmdir", c.symbols.rmdir(cString("/nowhere/at/all")), "/nowhere/at/all");
  assert.throws(act, {
    name: "SyscallError",
    message: 'Cannot rmdir "/nowhere/at/all": ENOENT (No such file or directory)',
    code: "ENOENT",
    errno: 2,
    syscall: "rmdir",
    subject: "/nowhere/at/all",
  });
});

Deno.test("check() gives the result of a call that succeeds", () => {
  assert.equal(check("getpid", c.symbols.getpid()), Deno.pid);
});

Deno.test("checkUnless() gives undefined for an expected errno and throws the others", () => {
  assert.equal(checkUnless(["EBADF"], "close", c.symbols.close(-1)), undefined);
  assert.throws(() => checkUnless(["EBADF"], "rmdir", c.symbols.rmdir(cString("/proc/self"))));
});

Deno.test("SyscallError names an errno that libc does not know by its number", () => {
  const error = new SyscallError(9999, "open");
  assert.equal(error.message, "Cannot open: errno 9999 (unknown error)");
});

Deno.test("isSyscallError() tells codes apart", () => {
  assert.ok(isSyscallError(new SyscallError(2, "open"), "EEXIST", "ENOENT"));
  assert.ok(!isSyscallError(new SyscallError(2, "open"), "EEXIST"));
  assert.ok(isSyscallError(new SyscallError(2, "open")));
  assert.ok(!isSyscallError(new Error("ENOENT"), "ENOENT"));
});

Deno.test("the reason is right in each of 100,000 failing calls while memory is allocated", () => {
  const missing = cString("/nowhere/at/all");
  const kept: unknown[] = [];
  let wrong = 0;
  for (let i = 0; i < 100_000; i++) {
    kept[i % 1000] = { i, text: `garbage ${i}`, bytes: new Uint8Array(64) };
    const byPath = i % 2 === 0;
    const result = byPath ? c.symbols.rmdir(missing) : c.symbols.close(-1);
    if (result !== (byPath ? -2 : -9)) wrong++;
  }
  assert.equal(wrong, 0);
  assert.equal(kept.length, 1000);
});
