import assert from "node:assert/strict";
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import type { Machine } from "../machine.ts";
import { UntrustedImageError } from "../release/installer.ts";
import { TestDisk } from "../release/testing.ts";
import { upgrade, upgradeStaged } from "./upgrade.ts";

const SIGNAL = new AbortController().signal;
const INSTALLER = { reference: "registry/installer:v2", version: "v2" };
const ACHIEVED = { services: ["kubelet"], node: "node-a" };

/** A machine whose installer does this. */
function machine(run: (args: readonly string[]) => Promise<void>) {
  const fetched: string[] = [];
  const parts = {
    version: "v1",
    cmdline: KernelCmdline.parse("talos.platform=metal console=ttyS0"),
    config: { running: { value: undefined } },
    installer: {
      run: (_installer: unknown, args: readonly string[]) => run(args),
      fetch: async (image: string) => {
        fetched.push(image);
        return INSTALLER;
      },
    },
  };
  return { fetched, machine: parts as unknown as Machine };
}

Deno.test("upgrade() writes down what is tried before the installer runs", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const { machine: upgrading } = machine(async (args) => {
    assert.deepEqual(args.slice(0, 5), ["upgrade", "--disk", "/dev/vda", "--running", "a"]);
    // What the running release has beside the usual arguments is kept.
    assert.ok(args.includes("--extra-kernel-arg=a=1"));
    assert.deepEqual(await slots.record(), {
      ...{ version: "v2", slot: "b", from: "v1", state: "trying", ...ACHIEVED },
    });
    await disk.upgrade("v2");
  });
  await upgrade(upgrading, { slots, installer: INSTALLER, achieved: ACHIEVED }).run(SIGNAL);
  await disk.count();
  assert.deepEqual(await disk.booted("b").standing(), { kind: "trial" });
});

Deno.test("upgrade() that fails is written down, and the next boot is settled", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const { machine: upgrading } = machine(() => Promise.reject(new Error("the disk is full")));
  const order = { slots, installer: INSTALLER, achieved: ACHIEVED };
  await assert.rejects(Promise.resolve(upgrade(upgrading, order).run(SIGNAL)), /the disk is full/);
  const { state, cause } = (await slots.record())!;
  assert.deepEqual([state, cause], ["failed", "the disk is full"]);
  assert.deepEqual(await slots.standing(), { kind: "settled" });
});

Deno.test("upgradeStaged() verifies the image anew", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const { machine: upgrading, fetched } = machine(() => disk.upgrade("v2"));
  const staged = { image: "registry/installer:v2", preserve: true, achieved: ACHIEVED };
  await upgradeStaged(
    { ...upgrading, log: () => {}, releases: { slots } as Machine["releases"] },
    staged,
  )
    .run(SIGNAL);
  assert.deepEqual(fetched, ["registry/installer:v2"]);
  assert.equal((await slots.entries()).length, 2);
  assert.equal((await slots.record())?.state, "trying");
  const nowhere = {
    ...upgrading,
    log: () => {},
    releases: { slots: undefined } as Machine["releases"],
  };
  await assert.rejects(
    Promise.resolve(upgradeStaged(nowhere, staged).run(SIGNAL)),
    /was not started from its disk/,
  );
});

Deno.test("upgradeStaged() waits for a registry, and writes down that it could not be reached", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const { machine: upgrading } = machine(() => disk.upgrade("v2"));
  const fetches = { left: 2 };
  const unreachable = {
    ...upgrading,
    log: () => {},
    releases: { slots } as Machine["releases"],
    installer: {
      ...upgrading.installer,
      fetch: () =>
        fetches.left-- > 0
          ? Promise.reject(new Error("no route to the registry"))
          : Promise.resolve(INSTALLER),
    } as unknown as Machine["installer"],
  };
  const staged = { image: "registry/installer:v2", preserve: true, achieved: ACHIEVED };
  await upgradeStaged(unreachable, staged, [1, 1]).run(SIGNAL);
  assert.equal((await slots.record())?.version, "v2");
  fetches.left = 9;
  await assert.rejects(
    Promise.resolve(upgradeStaged(unreachable, staged, [1, 1]).run(SIGNAL)),
    /no route to the registry/,
  );
  assert.deepEqual(await slots.record(), {
    ...{ version: "registry/installer:v2", slot: "b", from: "v1", state: "failed" },
    ...{ cause: "no route to the registry", ...ACHIEVED },
  });
});

Deno.test("upgradeStaged() does not fetch again what is not to be trusted", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  let fetches = 0;
  const { machine: upgrading } = machine(() => disk.upgrade("v2"));
  const mistrusting = {
    ...upgrading,
    log: () => {},
    releases: { slots } as Machine["releases"],
    installer: {
      ...upgrading.installer,
      fetch: () => Promise.reject(new UntrustedImageError(`signed by another key, ${++fetches}`)),
    } as unknown as Machine["installer"],
  };
  const staged = { image: "registry/installer:v2", preserve: true, achieved: ACHIEVED };
  await assert.rejects(
    Promise.resolve(upgradeStaged(mistrusting, staged, [1, 1]).run(SIGNAL)),
    /signed by another key, 1/,
  );
  assert.equal((await slots.record())?.state, "failed");
});
