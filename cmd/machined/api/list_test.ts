import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type FileInfo,
  ListRequest_Type,
  type ListRequestSchema,
} from "$proto/machine/machine_pb.ts";
import { BlockingCalls } from "./files/blocking.ts";
import { listApi } from "./list.ts";
import { clientOf, scratch } from "./testing.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const client = clientOf(listApi({ calls: new BlockingCalls() }));

async function list(request: MessageInitShape<typeof ListRequestSchema>): Promise<FileInfo[]> {
  return await Array.fromAsync(client.list(request));
}

const names = (entries: FileInfo[]) => entries.map((entry) => entry.relativeName);

async function tree(path: string): Promise<void> {
  await Deno.mkdir(`${path}/a/b/c`, { recursive: true });
  await Deno.writeTextFile(`${path}/file`, "12345");
  await Deno.writeTextFile(`${path}/a/b/deep`, "x");
  await Deno.symlink("file", `${path}/link`);
  await Deno.chmod(`${path}/file`, 0o640);
  await Deno.utime(`${path}/file`, 1_000_000_000, 1_000_000_000);
}

Deno.test("listApi() lists the directory itself and what is in it, by name", linux, async () => {
  await using dir = await scratch();
  await tree(dir.path);
  const entries = await list({ root: dir.path });
  assert.deepEqual(names(entries), [".", "a", "file", "link"]);
  const [root, , file, link] = entries;
  assert.equal(root?.name, dir.path);
  assert.equal(root?.isDir, true);
  assert.equal(file?.name, `${dir.path}/file`);
  assert.equal(file?.size, 5n);
  assert.equal(file?.mode, 0o640);
  assert.equal(file?.modified, 1_000_000_000n);
  assert.equal(file?.isDir, false);
  assert.equal(link?.link, "file");
  assert.equal(link?.mode, 0x08000000 + 0o777);
});

for (
  const { recursionDepth, want } of [
    { recursionDepth: 0, want: [".", "a", "a/b", "a/b/c", "a/b/deep", "file", "link"] },
    { recursionDepth: 1, want: [".", "a", "file", "link"] },
    { recursionDepth: 2, want: [".", "a", "a/b", "file", "link"] },
    { recursionDepth: 3, want: [".", "a", "a/b", "a/b/c", "a/b/deep", "file", "link"] },
  ]
) {
  Deno.test(
    `listApi() goes down ${recursionDepth || "all"} levels when asked to recurse`,
    linux,
    async () => {
      await using dir = await scratch();
      await tree(dir.path);
      assert.deepEqual(names(await list({ root: dir.path, recurse: true, recursionDepth })), want);
    },
  );
}

for (
  const { types, want } of [
    { types: [ListRequest_Type.REGULAR], want: ["a/b/deep", "file"] },
    { types: [ListRequest_Type.DIRECTORY], want: [".", "a", "a/b", "a/b/c"] },
    { types: [ListRequest_Type.SYMLINK], want: ["link"] },
    {
      types: [ListRequest_Type.SYMLINK, ListRequest_Type.REGULAR],
      want: ["a/b/deep", "file", "link"],
    },
  ]
) {
  Deno.test(
    `listApi() with types ${types.map((t) => ListRequest_Type[t])} lists only those`,
    linux,
    async () => {
      await using dir = await scratch();
      await tree(dir.path);
      assert.deepEqual(names(await list({ root: dir.path, recurse: true, types })), want);
    },
  );
}

Deno.test(
  "listApi() of a file or of a link to a directory shows what it leads to",
  linux,
  async () => {
    await using dir = await scratch();
    await tree(dir.path);
    await Deno.symlink("a", `${dir.path}/to-a`);
    assert.deepEqual(names(await list({ root: `${dir.path}/file` })), ["file"]);
    assert.deepEqual(names(await list({ root: `${dir.path}/to-a/` })), [".", "b"]);
  },
);

Deno.test("listApi() starts at / when no root is named, and does not recurse", linux, async () => {
  const entries = await list({});
  assert.ok(names(entries).includes("etc"));
  assert.ok(!entries.some((entry) => entry.name.startsWith("/etc/")));
});

Deno.test("listApi() refuses a relative root and says when one is missing", linux, async () => {
  for (
    const { root, code } of [
      { root: "etc", code: Code.InvalidArgument },
      { root: "/nosuch", code: Code.NotFound },
    ]
  ) {
    await assert.rejects(list({ root }), (error) => {
      assert.equal((error as ConnectError).code, code);
      return true;
    });
  }
});

Deno.test("listApi() goes through /proc though processes come and go", linux, async () => {
  const spawning = new Deno.Command("/bin/sh", {
    args: ["-c", "i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done"],
  }).output();
  const entries = await list({ root: "/proc", recurse: true, recursionDepth: 2 });
  assert.ok(names(entries).includes("self"));
  assert.ok(entries.some((entry) => entry.name === "/proc/1/status"));
  await spawning;
});
