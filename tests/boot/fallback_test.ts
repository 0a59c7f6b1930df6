/**
 * Releases that are signed and whole but do not come up: each time the former one is back without a
 * hand, says why, and stays. All of them are tried on one machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bootTest } from "./boot_test_case.ts";
import { type Broken, brokenInstaller } from "./altered_releases.ts";
import { diskMissing } from "./disk_image.ts";
import { BOOTED, type DiskNode, startDiskNode } from "./disk_node.ts";
import { REPOSITORY } from "./installers.ts";
import { BOOT_MS, EVENT_MS, until } from "./node.ts";

const SILENT = "it did not come up: it was started, and ended without a word";
const unless = await diskMissing();

let directory: string;
let machine: DiskNode;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "fallback-test-" });
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

bootTest("a node runs from a disk that the image was written to", async () => {
  const kernelArguments = ["talos.upgrade.trial=40"];
  machine = await startDiskNode(directory, { sizeBytes: 2 * 2 ** 30, kernelArguments });
}, { unless, bringsUp: true, tier: "every" });

/**
 * Upgrades to a broken release and waits until the former one is back, which `console` has to show on
 * the way; `cause` begins what it says of the upgrade from then on, with `lack` somewhere in it.
 */
async function triedAndFailed(
  broken: Broken,
  tag: string,
  { console, cause, lack = "" }: {
    readonly console: RegExp;
    readonly cause: string;
    readonly lack?: string;
  },
): Promise<void> {
  const { node, user, images } = machine;
  images[tag] = await brokenInstaller(broken, tag, join(directory, broken));
  const from = await machine.shown();
  await user.print(["upgrade", "--image", `${REPOSITORY}:${tag}`]);
  const failure = await node.vm.until(console, BOOT_MS, from);
  const after = from + failure.index;
  const message = `${tag} was tried and failed: ${cause}`;
  const said = await node.vm.until(/was tried and failed: .*; v\S+ runs again/, BOOT_MS, after);
  assert.ok(said[0].includes(cause) && said[0].includes(lack), said[0]);
  await node.vm.until(BOOTED, BOOT_MS, after);
  await node.ready(EVENT_MS);
  const status = await user.print(["get", "upgradestatus", "--output", "json"]);
  const { spec } = JSON.parse(status);
  assert.equal(spec.state, "rolledBack");
  assert.ok(spec.message.startsWith(message) && spec.message.includes(lack), spec.message);
  await using events = user.follow(["events", "--tail", "-1"]);
  const told = () =>
    assert.match(events.text, /upgrade +error: rolled back to v\S+: v\S+ was tried/);
  await until(() => Promise.resolve(told()), EVENT_MS);
  const { stderr } = await user.run(["rollback"]);
  assert.ok(stderr.includes(`Cannot roll back to ${tag} in slot B: it did not come up`), stderr);
}

bootTest("a release whose kernel panics is tried once, and the former one says so", async () => {
  await triedAndFailed("panic", "v0.1.2", {
    ...{ console: /Kernel panic - not syncing/, cause: SILENT },
  });
}, { unless });

bootTest("a release that never becomes healthy is given up, and says what it lacked", async () => {
  await triedAndFailed("noContainerd", "v0.1.3", {
    console: /the release on trial is given up: not proved within 40 s: /,
    cause: "not proved within 40 s: the boot is not over; service ",
    // Others lack something as well, where the host has little time for the machine.
    lack: "service containerd is ",
  });
}, { unless, tier: "long" });

bootTest("a release with an empty root filesystem ends its early stage", async () => {
  await triedAndFailed("emptyRootfs", "v0.1.4", {
    ...{ console: /boot stopped: .*rebooting in 1 seconds/s, cause: SILENT },
  });
}, { unless, tier: "long" });

bootTest("an early stage that spins is ended by the watchdog", async () => {
  await triedAndFailed("earlySpin", "v0.1.5", {
    ...{ console: /the early stage spins on purpose/, cause: SILENT },
  });
}, { unless, tier: "long" });

bootTest("a machined whose loop is blocked is ended by the watchdog", async () => {
  await triedAndFailed("blockedLoop", "v0.1.6", {
    ...{ console: /machined's loop is blocked on purpose/, cause: SILENT },
  });
}, { unless, tier: "long" });

bootTest("after all that, reboots stay on the release that runs", async () => {
  const { node, user } = machine;
  for (let i = 0; i < 3; i++) {
    const from = await machine.shown();
    await user.print(["reboot"]);
    await node.vm.until(/started from slot A of /, BOOT_MS, from);
    await node.vm.until(BOOTED, BOOT_MS, from);
  }
  assert.doesNotMatch(await user.print(["get", "upgradestatus"]), / trial /);
}, { unless, tier: "long" });
