import assert from "node:assert/strict";
import type { UpgradeRecord } from "./record.ts";
import { TestDisk } from "./testing.ts";

const RECORD: UpgradeRecord = {
  ...{
    version: "v2",
    slot: "b",
    from: "v1",
    state: "trying",
    services: ["kubelet"],
    node: "node-a",
  },
};

Deno.test("Slots take a release on trial, bless it once, and then it is settled", async () => {
  await using disk = await TestDisk.make({ upgraded: true });
  await disk.booted("a").remember(RECORD);
  await disk.count();
  const slots = disk.booted("b");
  assert.deepEqual(await slots.standing(), { kind: "trial" });
  await slots.bless();
  assert.deepEqual(await slots.standing(), { kind: "settled" });
  assert.equal((await slots.record())?.state, "done");
  assert.deepEqual(
    (await slots.entries()).map(({ slot, triesLeft }) => [slot, triesLeft]),
    [["a", undefined], ["b", undefined]],
  );
});

Deno.test("Slots say why the release that was tried has failed, once", async () => {
  await using disk = await TestDisk.make({ upgraded: true });
  const slots = disk.booted("a");
  await slots.remember(RECORD);
  await disk.count();
  await disk.booted("b").giveUp("kubelet is not healthy");
  await disk.booted("b").giveUp("a later reason");
  const fellBack = { kind: "fellBack", version: "v2", cause: "kubelet is not healthy" };
  assert.deepEqual(await slots.standing(), fellBack);
  assert.deepEqual(await slots.standing(), { kind: "settled" });
  assert.equal((await slots.record())?.cause, "kubelet is not healthy");
});

Deno.test("Slots know a release that said nothing, and one that was never started", async () => {
  await using disk = await TestDisk.make({ upgraded: true });
  const slots = disk.booted("a");
  const causeOf = async () => {
    await slots.remember(RECORD);
    const found = await slots.standing();
    return found.kind === "fellBack" ? found.cause : "";
  };
  assert.equal(await causeOf(), "the boot loader did not start it");
  await disk.count();
  assert.match(await causeOf(), /^it did not come up/);
  await Deno.remove(`${disk.esp}/loader/entries/slot-b+0-1.conf`);
  assert.equal(await causeOf(), "it was not written as a whole");
});

Deno.test("Slots roll back to the other release, which is no failure", async () => {
  await using disk = await TestDisk.make({ upgraded: true });
  await disk.booted("a").remember(RECORD);
  await disk.count();
  assert.equal(await disk.booted("b").rollback(), "v1");
  assert.deepEqual(await disk.booted("a").standing(), { kind: "settled" });
  await assert.rejects(disk.booted("a").rollback(), /v2 in slot B: it did not come up/);
});

Deno.test("Slots refuse to roll back where there is one release", async () => {
  await using disk = await TestDisk.make();
  await assert.rejects(disk.booted("a").rollback(), { name: "SlotError" });
});

Deno.test("Slots give a staged upgrade once", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const staged = {
    image: "registry/installer:v2",
    preserve: true,
    achieved: { services: ["etcd"] },
  };
  await slots.stage(staged);
  await slots.remember(RECORD);
  assert.deepEqual(await slots.takeStaged(), staged);
  assert.equal(await slots.takeStaged(), undefined);
  assert.deepEqual(await slots.record(), RECORD);
});

Deno.test("Slots know that a release stands in for the one that is preferred", async () => {
  await using disk = await TestDisk.make({ upgraded: true });
  await disk.count();
  await disk.booted("b").bless();
  const standing = await disk.booted("a").standing();
  assert.deepEqual(standing, {
    ...{ kind: "standsIn", version: "v2" },
    cause: "it ended before it was up, 3 times in a row",
  });
  assert.deepEqual(await disk.booted("b").standing(), { kind: "settled" });
});
