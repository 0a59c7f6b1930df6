import assert from "node:assert/strict";
import { SyscallError } from "./errno.ts";
import { makeFifo } from "./fifo.ts";
import { FdPoller } from "./poller.ts";

Deno.test("makeFifo() reads writers that come and go until it is finished", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/out`;
  await using poller = new FdPoller();
  const fifo = makeFifo(path, poller);
  const text = new Response(fifo.readable).text();
  await Deno.writeTextFile(path, "one\n", { create: false });
  await Deno.writeTextFile(path, "two\n", { create: false });
  fifo.finish();
  assert.equal(await text, "one\ntwo\n");
  await Deno.remove(directory, { recursive: true });
});

Deno.test("makeFifo() names the path that is there already", async () => {
  const path = await Deno.makeTempFile();
  await using poller = new FdPoller();
  assert.throws(
    () => makeFifo(path, poller),
    (error) => error instanceof SyscallError && error.code === "EEXIST",
  );
  await Deno.remove(path);
});
