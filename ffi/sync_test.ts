import assert from "node:assert/strict";
import { writeFileDurable } from "./sync.ts";
import { inOwnProcess, lacksProgram, output, rootTest, testUnless } from "./testing.ts";

async function withDir(fn: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "sync-" });
  try {
    await fn(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function names(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name);
}

Deno.test("writeFileDurable() replaces bytes and mode, and leaves no other file", () =>
  withDir(async (dir) => {
    const path = `${dir}/config`;
    await writeFileDurable(path, "old");
    await writeFileDurable(path, new Uint8Array([1, 2, 3]), 0o646);
    assert.deepEqual([...await Deno.readFile(path)], [1, 2, 3]);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o646);
    assert.deepEqual(names(dir), ["config"]);
  }));

Deno.test("writeFileDurable() leaves the old state and no temporary file when it fails", () =>
  withDir(async (dir) => {
    await Deno.mkdir(`${dir}/config`);
    await assert.rejects(writeFileDurable(`${dir}/config`, "x"), { code: "EISDIR" });
    assert.deepEqual(names(dir), ["config"]);
    await assert.rejects(writeFileDurable(`${dir}/none/config`, "x"), { code: "ENOENT" });
  }));

rootTest(
  "writeFileDurable() keeps the old bytes when the disk is full",
  () =>
    withDir(async (dir) => {
      const result = await inOwnProcess(
        `import { mount } from "$ffi/mount.ts"; import { writeFileDurable } from "$ffi/sync.ts";
       const dir = ${JSON.stringify(dir)};
       mount({ source: "tmpfs", target: dir, type: "tmpfs", data: "size=64k" });
       await writeFileDurable(dir + "/f", "old");
       let code; try { await writeFileDurable(dir + "/f", new Uint8Array(1 << 17)); }
       catch (e) { code = (e as { code?: string }).code; }
       console.log(JSON.stringify({ code, text: Deno.readTextFileSync(dir + "/f"),
         names: [...Deno.readDirSync(dir)].map((e) => e.name) }));`,
        ["unshare", "--mount"],
      );
      assert.deepEqual(result, { code: "ENOSPC", text: "old", names: ["f"] });
    }),
  lacksProgram("unshare"),
);

testUnless(
  lacksProgram("strace"),
  "writeFileDurable() syncs the file before the rename and the directory after",
  () =>
    withDir(async (dir) => {
      const root = new URL("../", import.meta.url).pathname;
      await Deno.writeTextFile(
        `${dir}/script.ts`,
        `import { writeFileDurable } from "$ffi/sync.ts"; await writeFileDurable("${dir}/f", "x");`,
      );
      const trace = [
        "-f",
        "-y",
        "-o",
        `${dir}/trace`,
        "-e",
        "trace=fsync,rename,renameat,renameat2",
      ];
      const deno = ["run", "-A", "--no-lock", "--config", `${root}deno.json`, `${dir}/script.ts`];
      await output("strace", [...trace, Deno.execPath(), ...deno]);
      // The runtime syncs its own cache too; -y names the files.
      const lines = (await Deno.readTextFile(`${dir}/trace`)).split("\n");
      const ours = (line: string) => line.includes(`"${dir}`) || line.includes(`<${dir}`);
      const calls = lines.filter(ours).map((line) =>
        /(fsync|rename)\w*\((.*)/.exec(line)?.slice(1) ?? []
      );
      assert.deepEqual(calls.map(([name]) => name), ["fsync", "rename", "fsync"]);
      assert.ok(calls[0]?.[1]?.includes("/.tmp-"));
      assert.ok(calls[2]?.[1]?.includes(`${dir}>`));
    }),
);
