import assert from "node:assert/strict";
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import type { Machine } from "../machine.ts";
import { UntrustedImageError } from "../release/installer.ts";
import type { Slots } from "../release/slots.ts";
import { TestDisk } from "../release/testing.ts";
import { upgrade, upgradeStaged } from "./upgrade.ts";

const SIGNAL = new AbortController().signal;
const INSTALLER = { reference: "registry/installer:v2", version: "v2" };
const ACHIEVED = { services: ["kubelet"], node: "node-a" };

/** A machine whose installer does this, fetched like that. */
function machine(
  run: (args: readonly string[]) => Promise<void>,
  { slots, fetch = () => Promise.resolve(INSTALLER) }: {
    readonly slots?: Slots;
    readonly fetch?: () => Promise<typeof INSTALLER>;
  } = {},
) {
  const fetched: string[] = [];
  const parts = {
    version: "v1",
    cmdline: KernelCmdline.parse("talos.platform=metal console=ttyS0"),
    config: { running: { value: undefined } },
    releases: { slots },
    log: () => {},
    installer: {
      run: (_installer: unknown, args: readonly string[]) => run(args),
      fetch: (image: string) => {
        fetched.push(image);
        return fetch();
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

const STAGED = { image: "registry/installer:v2", preserve: true, achieved: ACHIEVED };
/** Fetches it, again after each of these pauses. */
const staged = (machine: Machine) =>
  Promise.resolve(upgradeStaged(machine, STAGED, [1, 1]).run(SIGNAL));

Deno.test("upgradeStaged() verifies the image anew", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const { machine: upgrading, fetched } = machine(() => disk.upgrade("v2"), { slots });
  await staged(upgrading);
  assert.deepEqual(fetched, ["registry/installer:v2"]);
  assert.equal((await slots.entries()).length, 2);
  assert.equal((await slots.record())?.state, "trying");
  const { machine: nowhere } = machine(() => disk.upgrade("v2"));
  await assert.rejects(staged(nowhere), /was not started from its disk/);
});

Deno.test("upgradeStaged() waits for a registry, and writes down that it could not be reached", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  let failures = 2;
  const fetch = async () => {
    if (failures-- > 0) throw new Error("no route to the registry");
    return INSTALLER;
  };
  const { machine: unreachable } = machine(() => disk.upgrade("v2"), { slots, fetch });
  await staged(unreachable);
  assert.equal((await slots.record())?.version, "v2");
  failures = 9;
  await assert.rejects(staged(unreachable), /no route to the registry/);
  assert.deepEqual(await slots.record(), {
    ...{ version: "registry/installer:v2", slot: "b", from: "v1", state: "failed" },
    ...{ cause: "no route to the registry", ...ACHIEVED },
  });
});

Deno.test("upgradeStaged() does not fetch again what is not to be trusted", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const fetch = () => Promise.reject(new UntrustedImageError("signed by another key"));
  const { machine: mistrusting, fetched } = machine(() => disk.upgrade("v2"), { slots, fetch });
  await assert.rejects(staged(mistrusting), /signed by another key/);
  assert.equal(fetched.length, 1);
  assert.equal((await slots.record())?.state, "failed");
});
