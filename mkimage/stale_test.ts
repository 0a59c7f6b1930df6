import assert from "node:assert/strict";
import { clusterFlags, newestSource, oldestOf } from "./stale.ts";

Deno.test("newestSource() looks at what goes into an image and at nothing else", async () => {
  const root = await Deno.makeTempDir();
  await Deno.mkdir(`${root}/cmd/apid`, { recursive: true });
  await Deno.mkdir(`${root}/cmd/talosctl`, { recursive: true });
  const touch = async (name: string, seconds: number): Promise<void> => {
    await Deno.writeTextFile(`${root}/${name}`, "");
    await Deno.utime(`${root}/${name}`, seconds, seconds);
  };
  await touch("cmd/apid/main.ts", 1_000);
  await touch("cmd/apid/main_test.ts", 3_000);
  await touch("cmd/talosctl/main.ts", 4_000);
  assert.equal(await newestSource([`${root}/cmd`]), 1_000_000);
  await touch("cmd/apid/apid.ts", 2_000);
  assert.equal(await newestSource([`${root}/cmd`]), 2_000_000);
  await Deno.remove(root, { recursive: true });
});

Deno.test("oldestOf() gives the oldest file's time, or nothing when one is missing", async () => {
  const root = await Deno.makeTempDir();
  for (const [name, seconds] of [["a", 5], ["b", 7]] as const) {
    await Deno.writeTextFile(`${root}/${name}`, "");
    await Deno.utime(`${root}/${name}`, seconds, seconds);
  }
  assert.equal(await oldestOf([`${root}/a`, `${root}/b`]), 5_000);
  assert.equal(await oldestOf([`${root}/a`, `${root}/c`]), undefined);
  await Deno.remove(root, { recursive: true });
});

Deno.test("clusterFlags() keeps what says which cluster is meant", () => {
  const args = ["--masters", "3", "--name", "mine", "--state=/tmp/s", "--wait=false"];
  assert.deepEqual(clusterFlags(args), ["--name=mine", "--state=/tmp/s"]);
  assert.deepEqual(clusterFlags(["--skip-kubernetes"]), []);
});
