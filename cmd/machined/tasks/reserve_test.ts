import assert from "node:assert/strict";
import { join } from "node:path";
import { releaseReserve, takeReserve } from "./reserve.ts";

const XFS = 0x58465342;
const TMPFS = 0x01021994;
const signal = new AbortController().signal;

/** Takes room on a filesystem like that; gives what was taken and said, before the directory goes. */
async function taken(
  filesystem: { readonly type: number; readonly availableBytes: number },
): Promise<{ bytes: number | undefined; lines: string[]; released: boolean }> {
  const directory = await Deno.makeTempDir({ prefix: "reserve-test-" });
  const path = join(directory, "system", "reserve");
  const lines: string[] = [];
  try {
    await takeReserve({ log: (line) => lines.push(line), path, room: () => filesystem }).run(
      signal,
    );
    const bytes = await Deno.stat(path).then(({ size }) => size, () => undefined);
    await releaseReserve({ path }).run(signal);
    const released = await Deno.stat(path).then(() => false, () => true);
    return { bytes, lines, released };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("takeReserve() takes 16 MiB, which releaseReserve() gives back", async () => {
  const { bytes, lines, released } = await taken({ type: XFS, availableBytes: 2 ** 30 });
  assert.deepEqual([bytes, lines, released], [16 * 2 ** 20, [], true]);
});

Deno.test("takeReserve() leaves what a nearly full disk has, and says how to make room", async () => {
  const { bytes, lines } = await taken({ type: XFS, availableBytes: 100 * 2 ** 20 });
  assert.equal(bytes, undefined);
  assert.match(lines.join(), /nearly full, 100 MiB are left: make room, or .*EPHEMERAL/);
});

Deno.test("takeReserve() takes no memory where /var is memory", async () => {
  const { bytes, lines } = await taken({ type: TMPFS, availableBytes: 2 ** 30 });
  assert.deepEqual([bytes, lines], [undefined, []]);
});

Deno.test("takeReserve() lets the boot go on when it cannot look or write", async () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  await takeReserve({ log, path: "/proc/reserve/file" }).run(signal);
  assert.match(lines.join(), /^Cannot keep room on \/var for the node: /);
});
