import assert from "node:assert/strict";
import { libc, SYS } from "./libc.ts";
import { layoutTest } from "./testing.ts";

const c = libc({
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  closeElsewhere: { name: "close", parameters: ["i32"], result: "i32", nonblocking: true },
  // off_t lseek(int fd, off_t offset, int whence)
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // int abs(int j), long labs(long j): C's own way to any result
  abs: { parameters: ["i32"], result: "i32" },
  labs: { parameters: ["i64"], result: "i64" },
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["u64", "usize", "i32", "i32", "i32", "i64"], result: "i64" },
});

Deno.test("a function of libc gives its result, in 32 and in 64 bits", () => {
  assert.equal(c.symbols.abs(-7), 7);
  assert.equal(c.symbols.labs(-0x7000_0000_0001n), 0x7000_0000_0001n);
  // -1 in the lower half only is no failure.
  assert.equal(c.symbols.labs(-0xffff_ffffn), 0xffff_ffffn);
});

Deno.test("a function of libc that fails gives the negative reason, in 32 and in 64 bits", () => {
  assert.equal(c.symbols.close(-1), -9);
  assert.equal(c.symbols.lseek(-1, 0n, 0), -9n);
  // All six parameters reach it: only the last one is refused, it is no multiple of a page.
  assert.equal(c.symbols.mmap(0n, 4096n, 1, 0x22, -1, 1n), -22n);
});

Deno.test("the reason is that of the thread that called", async () => {
  assert.equal(await c.symbols.closeElsewhere(-1), -9);
});

Deno.test("a function that libc does not have is named", () => {
  const none = libc({ no_such_call: { parameters: [], result: "i32" } });
  assert.throws(() => none.symbols, { message: /no function "no_such_call"/ });
});

layoutTest(
  "libc.ts SYS",
  ["sys/syscall.h"],
  Object.fromEntries(Object.entries(SYS).map(([name, n]) => [`SYS_${name}`, Number(n)])),
);
