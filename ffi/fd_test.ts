import assert from "node:assert/strict";
import { isSyscallError } from "./errno.ts";
import { F, Fd, O, pipe, SEEK } from "./fd.ts";
import { layoutTest } from "./testing.ts";

layoutTest(
  "fd.ts O",
  ["fcntl.h"],
  {
    ...Object.fromEntries(Object.entries(O).map(([name, value]) => [`O_${name}`, value])),
    F_GETFL: F.GETFL,
    F_SETFL: F.SETFL,
    SEEK_SET: SEEK.SET,
    SEEK_CUR: SEEK.CUR,
    SEEK_END: SEEK.END,
    SEEK_DATA: SEEK.DATA,
  },
);

Deno.test("Fd.open() names the path when it is not there", () => {
  assert.throws(() => Fd.open("/nowhere"), (error) => isSyscallError(error, "ENOENT"));
});

Deno.test("Fd reads what was written, and is closed by using", async () => {
  const path = await Deno.makeTempFile();
  {
    using file = Fd.open(path, O.WRONLY | O.TRUNC);
    file.writeAll(new TextEncoder().encode("hello"));
  }
  const file = Fd.open(path);
  const buffer = new Uint8Array(16);
  assert.equal(file.read(buffer), 5);
  assert.equal(file.read(buffer), 0);
  file.close();
  file.close();
  assert.throws(() => file.number, TypeError);
  await Deno.remove(path);
});

Deno.test("Fd keeps its number from children by CLOEXEC", () => {
  using file = Fd.open("/dev/null");
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${file.number}`);
  const flags = Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? "0", 8);
  assert.notEqual(flags & O.CLOEXEC, 0);
});

Deno.test("pipe() gives undefined for a read that would block", () => {
  const { readable, writable } = pipe(O.NONBLOCK);
  using _r = readable;
  using _w = writable;
  const buffer = new Uint8Array(4);
  assert.equal(readable.read(buffer), undefined);
  assert.equal(writable.write(new Uint8Array([1, 2])), 2);
  assert.equal(readable.read(buffer), 2);
});

Deno.test("Fd.dup2() gives the descriptor a second number", () => {
  const { readable, writable } = pipe();
  using _r = readable;
  using _w = writable;
  using spare = Fd.open("/dev/null");
  writable.dup2(spare.number);
  spare.writeAll(new Uint8Array([7]));
  const buffer = new Uint8Array(4);
  assert.equal(readable.read(buffer), 1);
  assert.equal(buffer[0], 7);
});

Deno.test("Fd.release() leaves the number open for its new owner", () => {
  const file = Fd.open("/dev/null");
  const number = file.release();
  assert.ok(file.closed);
  using owner = Fd.adopt(number, "/dev/null");
  assert.equal(owner.read(new Uint8Array(1)), 0);
});

Deno.test("Fd.setNonblocking() changes one end of a pipe alone", () => {
  const { readable, writable } = pipe();
  using _r = readable;
  using _w = writable;
  readable.setNonblocking();
  assert.equal(readable.read(new Uint8Array(1)), undefined);
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${writable.number}`);
  assert.equal(Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? "0", 8) & O.NONBLOCK, 0);
});
