import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { unpackTar } from "modern-tar";
import { copyApi, MAX_COPIES } from "./copy.ts";
import { BlockingCalls } from "./files/blocking.ts";
import { clientOf, collect, scratch, serve } from "./testing.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const client = clientOf(copyApi({ calls: new BlockingCalls() }));

async function unpack(gz: Uint8Array<ArrayBuffer>) {
  const tar = new Blob([gz]).stream().pipeThrough(new DecompressionStream("gzip"));
  const entries = await unpackTar(new Uint8Array(await new Response(tar).arrayBuffer()));
  return new Map(entries.map((entry) => [entry.header.name, entry]));
}

async function copy(rootPath: string) {
  const { bytes, errors } = await collect(client.copy({ rootPath }));
  return { entries: await unpack(bytes), bytes, errors };
}

Deno.test(
  "copyApi() packs directories, files and links with their modes, readable by tar",
  linux,
  async () => {
    await using dir = await scratch();
    await using out = await scratch();
    const long = `${"d".repeat(120)}/${"f".repeat(200)}`;
    await Deno.mkdir(`${dir.path}/sub/${"d".repeat(120)}`, { recursive: true });
    const large = new Uint8Array(3_000_000).map((_, i) => (i * i) % 251);
    await Deno.writeFile(`${dir.path}/large`, large);
    await Deno.writeTextFile(`${dir.path}/sub/${long}`, "deep");
    await Deno.writeTextFile(`${dir.path}/empty`, "");
    await Deno.chmod(`${dir.path}/empty`, 0o4711);
    await Deno.symlink("../large", `${dir.path}/sub/link`);
    const { entries, errors, bytes } = await copy(dir.path);
    assert.deepEqual(errors, []);
    assert.equal(entries.get("sub/")?.header.type, "directory");
    assert.deepEqual(entries.get("large")?.data, large);
    assert.equal(entries.get("empty")?.header.mode, 0o4711);
    assert.equal(entries.get("sub/link")?.header.linkname, "../large");
    assert.equal(new TextDecoder().decode(entries.get(`sub/${long}`)?.data), "deep");
    assert.ok(!entries.has("./"));
    await Deno.writeFile(`${out.path}/a.tgz`, bytes);
    const tar = await new Deno.Command("tar", { args: ["-xzf", "a.tgz"], cwd: out.path }).output();
    assert.ok(tar.success, new TextDecoder().decode(tar.stderr));
    assert.deepEqual(await Deno.readFile(`${out.path}/large`), large);
    assert.equal(await Deno.readTextFile(`${out.path}/sub/${long}`), "deep");
    assert.deepEqual(await Deno.readFile(`${out.path}/sub/link`), large);
  },
);

Deno.test(
  "copyApi() packs a single file under its name, and files of proc with their content",
  linux,
  async () => {
    assert.deepEqual([...(await copy("/etc/hostname")).entries.keys()], ["hostname"]);
    const { entries } = await copy("/proc/self/comm");
    assert.ok((entries.get("comm")?.data?.length ?? 0) > 0);
  },
);

Deno.test(
  "copyApi() leaves out FIFOs and devices, and tells what it could not read",
  linux,
  async () => {
    await using dir = await scratch();
    await new Deno.Command("mkfifo", { args: [`${dir.path}/fifo`] }).output();
    await Deno.writeTextFile(`${dir.path}/file`, "x");
    const { entries, errors } = await copy(dir.path);
    assert.deepEqual([...entries.keys()], ["file"]);
    assert.deepEqual(errors, []);
    const self = await copy(`/proc/self/task/${Deno.pid}`);
    assert.ok(
      self.errors.some((error) => /mem of proc is not readable/.test(error)),
      self.errors[0],
    );
    assert.ok([...self.entries.keys()].some((name) => name === "status"), "the rest is there");
  },
);

Deno.test("copyApi() refuses a bad root before any byte", linux, async () => {
  for (
    const { path, code } of [
      { path: "/nosuch", code: Code.NotFound },
      { path: "etc", code: Code.InvalidArgument },
    ]
  ) {
    await assert.rejects(copy(path), (error) => {
      assert.equal((error as ConnectError).code, code);
      return true;
    });
  }
});

Deno.test(
  "copyApi() keeps the archive whole while a file in it grows and another shrinks",
  linux,
  async () => {
    await using dir = await scratch();
    const size = 20_000_000;
    await Deno.writeFile(`${dir.path}/a-shrinks`, new Uint8Array(size).fill(1));
    await Deno.writeFile(`${dir.path}/b-last`, new Uint8Array(1_000).fill(2));
    const stream = client.copy({ rootPath: dir.path })[Symbol.asyncIterator]();
    const parts: Uint8Array<ArrayBuffer>[] = [];
    const errors: string[] = [];
    for (let at = 0;; at++) {
      const next = await stream.next();
      if (next.done) break;
      parts.push(new Uint8Array(next.value.bytes));
      if (next.value.metadata?.error) errors.push(next.value.metadata.error);
      if (at === 0) await Deno.truncate(`${dir.path}/a-shrinks`, 100);
    }
    const entries = await unpack(new Uint8Array(await new Blob(parts).arrayBuffer()));
    assert.equal(entries.get("a-shrinks")?.data?.length, size);
    assert.deepEqual(entries.get("b-last")?.data, new Uint8Array(1_000).fill(2));
    assert.match(errors.join(), /Cannot copy all of ".*a-shrinks": .*shorter/);
  },
);

Deno.test(
  "copyApi() makes a few archives at a time, and gives places back when callers go",
  linux,
  async () => {
    await using dir = await scratch();
    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    for (let i = 0; i < 400; i++) await Deno.writeFile(`${dir.path}/noise${i}`, noise);
    await using node = await serve(copyApi({ calls: new BlockingCalls() }));
    const { client } = node;
    const gone = new AbortController();
    const open = Array.from(
      { length: MAX_COPIES },
      () => client.copy({ rootPath: dir.path }, { signal: gone.signal })[Symbol.asyncIterator](),
    );
    for (const stream of open) assert.ok(!(await stream.next()).done);
    await assert.rejects(collect(client.copy({ rootPath: "/etc/hostname" })), (error) => {
      assert.equal((error as ConnectError).code, Code.ResourceExhausted);
      return true;
    });
    gone.abort();
    for (const stream of open) {
      await assert.rejects(async () => {
        while (!(await stream.next()).done);
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { bytes } = await collect(client.copy({ rootPath: "/etc/hostname" }));
    assert.equal((await unpack(bytes)).size, 1);
  },
);
