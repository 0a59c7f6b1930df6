import assert from "node:assert/strict";
import type { DeviceFacts } from "$lib/disk/mod.ts";
import { DeviceLinks } from "./device_links.ts";
import { putLinks, wantedLinks } from "./link_tree.ts";

const disk = (name: string, id: string, uuid?: string): DeviceFacts => ({
  name,
  ids: [id],
  paths: [],
  ...(uuid ? { filesystem: { type: "xfs", uuid } } : {}),
});

async function withDev(run: (dev: string) => Promise<void>): Promise<void> {
  const dev = await Deno.makeTempDir();
  try {
    await run(dev);
  } finally {
    await Deno.remove(dev, { recursive: true });
  }
}

Deno.test("putLinks() makes, moves and removes links, and leaves what is not its own", async () => {
  await withDev(async (dev) => {
    await Deno.mkdir(`${dev}/disk/by-dname`, { recursive: true });
    await Deno.symlink("../../vdz", `${dev}/disk/by-dname/other`);
    assert.equal(
      await putLinks(dev, wantedLinks([disk("vda", "one", "u1"), disk("vdb", "two")])),
      3,
    );
    assert.equal(await Deno.readLink(`${dev}/disk/by-id/one`), "../../vda");
    assert.equal(await Deno.readLink(`${dev}/disk/by-uuid/u1`), "../../vda");
    assert.equal(
      await putLinks(dev, wantedLinks([disk("vda", "one", "u1"), disk("vdb", "two")])),
      0,
    );
    assert.equal(await putLinks(dev, wantedLinks([disk("vdc", "one")])), 3);
    assert.equal(await Deno.readLink(`${dev}/disk/by-id/one`), "../../vdc");
    await assert.rejects(Deno.lstat(`${dev}/disk/by-uuid/u1`), Deno.errors.NotFound);
    assert.equal(await Deno.readLink(`${dev}/disk/by-dname/other`), "../../vdz");
  });
});

Deno.test("wantedLinks() gives a link that two claim to the first", () => {
  const links = wantedLinks([disk("vda", "same"), disk("vdb", "same")]);
  assert.deepEqual([...links], [["disk/by-id/same", "vda"]]);
});

Deno.test("DeviceLinks looks once for many events, again for those meanwhile, and then settles", async () => {
  await withDev(async (dev) => {
    let looks = 0;
    const links = new DeviceLinks({
      dev,
      log: assert.fail,
      facts() {
        if (++looks === 1) links.wake();
        return Promise.resolve([disk("vda", `look-${looks}`)]);
      },
    });
    assert.equal(links.isSettled, false);
    for (let event = 0; event < 50; event++) links.wake();
    assert.equal(links.isSettled, false);
    await links.idle();
    assert.deepEqual([looks, links.isSettled], [2, true]);
    assert.equal(await Deno.readLink(`${dev}/disk/by-id/look-2`), "../../vda");
    links.wake();
    assert.equal(links.isSettled, false);
    await links.idle();
  });
});

Deno.test("DeviceLinks says what it cannot do, and goes on", async () => {
  await withDev(async (dev) => {
    const logged: string[] = [];
    const links = new DeviceLinks({
      dev,
      log: (line) => logged.push(line),
      facts: () => Promise.reject(new Error("no /sys")),
    });
    links.wake();
    await links.idle();
    assert.deepEqual(logged, ["Cannot keep links of disks: no /sys"]);
  });
});
