import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { Fd, O } from "$ffi/fd.ts";
import { mount, UMOUNT, unmount } from "$ffi/mount.ts";
import { diskUsageApi } from "./disk_usage.ts";
import { BlockingCalls } from "./files/blocking.ts";
import { hostProc, hostStatfs } from "./host.ts";
import { listApi } from "./list.ts";
import { mountsApi } from "./mounts.ts";
import { readApi } from "./read.ts";
import { clientOf, collect, scratch } from "./testing.ts";

/** A FUSE filesystem whose server never answers: every operation on it hangs until it is closed. */
async function hangingFilesystem() {
  const dir = await scratch();
  const server = Fd.open("/dev/fuse", O.RDWR);
  mount({
    source: "hang",
    target: dir.path,
    type: "fuse",
    data: `fd=${server.number},rootmode=040755,user_id=0,group_id=0`,
  });
  return {
    path: dir.path,
    /** Ends every operation that hangs. */
    release: () => server.close(),
    async [Symbol.asyncDispose]() {
      unmount(dir.path, UMOUNT.DETACH);
      await dir[Symbol.asyncDispose]();
    },
  };
}

const root = {
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 ||
    !Deno.readTextFileSync("/proc/filesystems").includes("\tfuse\n"),
};

async function isLate(answer: Promise<unknown>): Promise<void> {
  await assert.rejects(answer, (error) => {
    assert.equal(Code[(error as ConnectError).code], "DeadlineExceeded", String(error));
    return true;
  });
}

Deno.test(
  "a filesystem that hangs takes its few places, and nothing else waits for it",
  root,
  async () => {
    await using hang = await hangingFilesystem();
    const calls = new BlockingCalls({ deadlineMs: 300, maximum: 4 });
    const deps = { calls };
    const stuck = clientOf({ ...readApi(deps), ...listApi(deps), ...diskUsageApi(deps) });
    const other = clientOf(readApi({ calls: new BlockingCalls({ deadlineMs: 1_000 }) }));
    const path = `${hang.path}/file`;
    await isLate(collect(stuck.read({ path })));
    await isLate(Array.fromAsync(stuck.list({ root: hang.path })));
    const [usage] = await Array.fromAsync(stuck.diskUsage({ paths: [path] }));
    assert.match(usage?.error ?? "", /no answer within 300 ms/);
    await Promise.all(Array.from({ length: 40 }, () => isLate(collect(stuck.read({ path })))));
    assert.equal(calls.running, 4, "hanging operations keep their places, and there are no more");
    const started = performance.now();
    assert.equal((await collect(other.read({ path: "/etc/hostname" }))).errors.length, 0);
    assert.ok(performance.now() - started < 300, "others are not held up");
    hang.release();
    for (let tries = 0; calls.running > 0 && tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(calls.running, 0);
    assert.ok((await collect(stuck.read({ path: "/etc/hostname" }))).bytes.length > 0);
  },
);

Deno.test(
  "mountsApi() shows a filesystem that hangs without sizes, and the loop goes on",
  root,
  async () => {
    await using hang = await hangingFilesystem();
    const client = clientOf(mountsApi({
      ...hostProc(new BlockingCalls()),
      statfs: hostStatfs(new BlockingCalls({ deadlineMs: 300 })),
    }));
    let longestMs = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }, 10);
    const [{ stats = [] } = {}] = (await client.mounts({})).messages;
    clearInterval(beat);
    assert.equal(stats.find((mount) => mount.mountedOn === hang.path)?.size, 0n);
    assert.ok((stats.find((mount) => mount.mountedOn === "/")?.size ?? 0n) > 0n);
    assert.ok(longestMs < 250, `the loop stood still for ${longestMs} ms`);
    hang.release();
  },
);
