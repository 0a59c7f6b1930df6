import assert from "node:assert/strict";
import { join } from "node:path";
import { mount, unmount } from "$ffi/mount.ts";
import { rootTest } from "$ffi/testing.ts";
import { bytesOf, writeUserFile } from "./user_files.ts";

type Op = "create" | "append" | "overwrite";

/** A root with what an image and a disk have, and the binds that were asked for. */
class Root implements AsyncDisposable {
  readonly bound: string[] = [];
  private constructor(readonly path: string) {}

  static async make(files: Readonly<Record<string, string>> = {}): Promise<Root> {
    const root = new Root(await Deno.makeTempDir({ prefix: "user-files-test-" }));
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(join(root.path, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(root.path, name), text);
    }
    return root;
  }

  write(op: Op, path: string, content: string, permissions = 0o644): Promise<void> {
    const bindMount = (source: string, target: string, options?: { flags: number }) => {
      const [from, to] = [source, target].map((one) => one.slice(this.path.length));
      this.bound.push(`${from} ${to} ${options?.flags}`);
    };
    const file = { op, path, content, permissions };
    return writeUserFile(file, { mounter: { bindMount }, root: this.path });
  }

  read(path: string): Promise<string> {
    return Deno.readTextFile(join(this.path, path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

Deno.test("writeUserFile() makes a file on /var with its permissions, and its directory", async () => {
  await using root = await Root.make();
  await root.write("create", "/var/lib/agent/token", "secret\n", 0o600);
  assert.equal(await root.read("/var/lib/agent/token"), "secret\n");
  assert.equal((await Deno.stat(join(root.path, "var/lib/agent/token"))).mode! & 0o7777, 0o600);
  assert.deepEqual(root.bound, []);
});

Deno.test("writeUserFile() writes a file anew that a former boot made", async () => {
  await using root = await Root.make({ "/var/a": "old" });
  await root.write("create", "/var/a", "new");
  assert.equal(await root.read("/var/a"), "new");
});

rootTest(
  "writeUserFile() needs no room on a full /var for what is there, and says what else does",
  async () => {
    await using root = await Root.make();
    const target = join(root.path, "var");
    await Deno.mkdir(target);
    mount({ source: "var", target, type: "tmpfs", data: "size=64k" });
    try {
      await root.write("create", "/var/a", "kept", 0o600);
      using file = await Deno.create(join(target, "filling"));
      await assert.rejects(
        file.write(new Uint8Array(1 << 17)).then(() => file.write(new Uint8Array(1))),
      );
      await root.write("create", "/var/a", "kept", 0o600);
      await assert.rejects(root.write("create", "/var/a", "other", 0o600), { code: "ENOSPC" });
      assert.equal(await root.read("/var/a"), "kept");
    } finally {
      unmount(target);
    }
  },
);

Deno.test("writeUserFile() writes a file anew that somebody has changed", async () => {
  await using root = await Root.make();
  await root.write("create", "/var/a", "text", 0o600);
  await Deno.chmod(join(root.path, "var/a"), 0o666);
  await root.write("create", "/var/a", "text", 0o600);
  assert.equal((await Deno.stat(join(root.path, "var/a"))).mode! & 0o7777, 0o600);
  await Deno.writeTextFile(join(root.path, "var/a"), "took");
  await root.write("create", "/var/a", "text", 0o600);
  assert.equal(await root.read("/var/a"), "text");
});

Deno.test("writeUserFile() keeps on /var what is bound read-only elsewhere", async () => {
  await using root = await Root.make({ "/etc/protocols": "ip 0\n" });
  await root.write("overwrite", "/etc/protocols", "none\n");
  assert.equal(await root.read("/etc/protocols"), "ip 0\n");
  assert.equal(await root.read("/var/etc/protocols"), "none\n");
  // MS_RDONLY, MS_NOSUID and MS_NODEV of mount(2).
  assert.deepEqual(root.bound, ["/var/etc/protocols /etc/protocols 7"]);
});

Deno.test("writeUserFile() appends to what is there, once however often the machine boots", async () => {
  await using root = await Root.make({ "/var/list": "a" });
  for (let boot = 0; boot < 2; boot++) await root.write("append", "/var/list", "b\n");
  assert.equal(await root.read("/var/list"), "a\nb\n");
});

for (
  const { op, path, reason } of [
    {
      op: "overwrite",
      path: "/etc/none",
      reason: 'Cannot overwrite "/etc/none": there is no such',
    },
    { op: "append", path: "/var/none", reason: 'Cannot append "/var/none": there is no such file' },
    { op: "create", path: "/var/lib", reason: 'Cannot write "/var/lib": it is not a file' },
  ] as const
) {
  Deno.test(`writeUserFile() refuses to ${op} ${path}, and says why`, async () => {
    await using root = await Root.make({ "/var/lib/x": "" });
    await assert.rejects(
      root.write(op, path, "text"),
      (error: Error) => error.message.startsWith(reason),
    );
    assert.deepEqual(root.bound, []);
  });
}

Deno.test("bytesOf() leaves bytes that are no text as they are", () => {
  const file = { op: "append", path: "/var/a", content: "b" };
  assert.deepEqual([...bytesOf(file, new Uint8Array([0xff, 0x0a]))], [0xff, 0x0a, 0x62]);
  assert.deepEqual([...bytesOf(file, new Uint8Array())], [0x62]);
});
