import assert from "node:assert/strict";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DiskUsageRequestSchema } from "$proto/machine/machine_pb.ts";
import { diskUsageApi } from "./disk_usage.ts";
import { BlockingCalls } from "./files/blocking.ts";
import { clientOf, scratch } from "./testing.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const client = clientOf(diskUsageApi({ calls: new BlockingCalls() }));

async function usage(request: MessageInitShape<typeof DiskUsageRequestSchema>) {
  const entries = await Array.fromAsync(client.diskUsage(request));
  return new Map(entries.map((e) => [e.relativeName, e.error || Number(e.size)]));
}

async function tree(path: string): Promise<void> {
  await Deno.mkdir(`${path}/a/b`, { recursive: true });
  await Deno.writeFile(`${path}/one`, new Uint8Array(1_000));
  await Deno.writeFile(`${path}/a/two`, new Uint8Array(20_000));
  await Deno.writeFile(`${path}/a/b/three`, new Uint8Array(300_000));
}

const own = (path: string) => Deno.statSync(path).size;

Deno.test("diskUsageApi() adds up what is in a directory, itself included", linux, async () => {
  await using dir = await scratch();
  await tree(dir.path);
  const b = own(`${dir.path}/a/b`) + 300_000;
  const a = own(`${dir.path}/a`) + 20_000 + b;
  const root = own(dir.path) + 1_000 + a;
  assert.deepEqual(
    [...await usage({ paths: [dir.path] })],
    [["a/b", b], ["a", a], [".", root]],
    "directories after what is in them",
  );
  assert.deepEqual(
    [...await usage({ paths: [dir.path], all: true })],
    [["a/b/three", 300_000], ["a/b", b], ["a/two", 20_000], ["a", a], ["one", 1_000], [".", root]],
  );
});

Deno.test(
  "diskUsageApi() gives a path the same size whatever depth and files are shown",
  linux,
  async () => {
    await using dir = await scratch();
    await tree(dir.path);
    const whole = (await usage({ paths: [dir.path] })).get(".");
    for (const recursionDepth of [0, 1, 2, 3]) {
      for (const all of [false, true]) {
        const entries = await usage({ paths: [dir.path], recursionDepth, all });
        assert.equal(entries.get("."), whole, `depth ${recursionDepth}, all ${all}`);
      }
    }
    assert.deepEqual([...(await usage({ paths: [dir.path], recursionDepth: 1 })).keys()], ["."]);
    assert.deepEqual([...(await usage({ paths: [dir.path], recursionDepth: 2 })).keys()], [
      "a",
      ".",
    ]);
  },
);

Deno.test("diskUsageApi() leaves out what is below or above the threshold", linux, async () => {
  await using dir = await scratch();
  await tree(dir.path);
  const over = await usage({ paths: [dir.path], all: true, threshold: 100_000n });
  assert.deepEqual([...over.keys()], ["a/b/three", "a/b", "a", "."]);
  const under = await usage({ paths: [dir.path], all: true, threshold: -100_000n });
  assert.deepEqual([...under.keys()], ["a/two", "one"]);
});

Deno.test(
  "diskUsageApi() answers for every path, also beside one that is missing or relative",
  linux,
  async () => {
    await using dir = await scratch();
    await tree(dir.path);
    const entries = await usage({
      paths: ["/nosuch", "relative", `${dir.path}/one`, `${dir.path}/a`],
    });
    assert.match(String(entries.get("/nosuch")), /no such file or directory/);
    assert.match(String(entries.get("relative")), /must be absolute/);
    assert.equal(entries.get("one"), 1_000);
    assert.ok(Number(entries.get(".")) > 320_000);
  },
);
