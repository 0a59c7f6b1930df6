import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { get, MemoryState } from "$lib/cosi/mod.ts";
import { NODE_UPGRADE, UpgradeStatus } from "$lib/resources/mod.ts";
import { EventRing, systemClock } from "$lib/service/mod.ts";
import { SequenceEventSchema } from "$proto/machine/machine_pb.ts";
import type { UpgradeRecord } from "./record.ts";
import { Releases, type ReleasesDeps } from "./releases.ts";
import { TestDisk } from "./testing.ts";

const RECORD: UpgradeRecord = {
  ...{ version: "v2", slot: "b", from: "v1", state: "trying", services: ["kubelet"] },
};
const FOREVER = new AbortController().signal;

/** A machine whose disk has v1 in slot A and v2, not yet started, in slot B. */
class World implements AsyncDisposable {
  readonly state = new MemoryState();
  readonly events = new EventRing();
  readonly logged: string[] = [];
  readonly asked = Promise.withResolvers<string>();
  missing: readonly string[] = [];
  asks = 0;

  private constructor(readonly disk: TestDisk, readonly trialMs: number) {}

  static async make(trialMs = 60_000): Promise<World> {
    const world = new World(await TestDisk.make({ upgraded: true }), trialMs);
    await world.disk.booted("a").remember(RECORD);
    return world;
  }

  releases(more: Partial<ReleasesDeps> = {}): Releases {
    return new Releases({
      ...{ state: this.state, events: this.events, clock: systemClock, trialMs: this.trialMs },
      power: { request: (action, origin) => this.asked.resolve(`${action}: ${origin}`) },
      log: (line) => void this.logged.push(line),
      missing: () => {
        this.asks++;
        return Promise.resolve(this.missing);
      },
      ...more,
    });
  }

  /** The machine starts the release in slot B. */
  async tried(): Promise<Releases> {
    await this.disk.count();
    const releases = this.releases();
    await releases.open(this.disk.booted("b"));
    return releases;
  }

  status() {
    return get(this.state, UpgradeStatus, NODE_UPGRADE);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disk[Symbol.asyncDispose]();
  }
}

Deno.test("Releases make a release permanent once nothing is missing any more", async () => {
  await using world = await World.make();
  const releases = await world.tried();
  assert.equal((await world.status()).state, "trial");
  world.missing = ["kubelet is not up"];
  const proved = releases.prove(FOREVER);
  while (world.asks === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(releases.onTrial, true);
  world.missing = [];
  await proved;
  assert.equal(releases.onTrial, false);
  assert.deepEqual(await world.status(), {
    ...{ version: "v2", slot: "B", state: "permanent", other: "v1", message: "" },
  });
  assert.ok(world.logged.includes("on trial, waiting: kubelet is not up"));
  assert.equal((await world.disk.booted("b").record())?.state, "done");
});

Deno.test("Releases give a release up that does not prove itself in time, and say why after that", async () => {
  await using world = await World.make(50);
  const releases = await world.tried();
  world.missing = ["kubelet is not up"];
  const proving = assert.rejects(releases.prove(FOREVER));
  assert.equal(await world.asked.promise, "reboot: the end of the trial of v2");
  await proving;
  const again = world.releases();
  assert.equal((await again.open(world.disk.booted("a"))).kind, "fellBack");
  const { state, version, message } = await world.status();
  assert.deepEqual([state, version], ["rolledBack", "v1"]);
  assert.match(message, /^v2 was tried and failed: not proved within 0 s: kubelet is not up$/);
  const events = world.events.watch({ tailEvents: -1 }, FOREVER);
  const { value } = await events.next();
  await events.return();
  const { sequence, error } = fromBinary(SequenceEventSchema, value!.value);
  assert.equal(sequence, "upgrade");
  assert.match(error?.message ?? "", /^rolled back to v1: v2 was tried and failed: not proved/);
});

Deno.test("Releases say of a boot that hangs what its release lacks, too", async () => {
  await using world = await World.make(0);
  world.missing = ["service containerd is Waiting"];
  await world.tried();
  await world.asked.promise;
  const { cause } = (await world.disk.booted("a").record())!;
  assert.equal(cause, "not proved within 0 s: the boot is not over; service containerd is Waiting");
});

Deno.test("Releases write down why a machine ended while its release was on trial", async () => {
  await using world = await World.make();
  const releases = await world.tried();
  await releases.end('task "mountState" failed');
  await releases.end("a later reason");
  assert.ok(!world.logged.some((line) => line.includes("a later reason")));
  await world.releases().open(world.disk.booted("a"));
  assert.match(
    (await world.status()).message,
    /^v2 was tried and failed: task "mountState" failed$/,
  );
});

Deno.test("Releases know that a machine hangs which was to end with its trial", async () => {
  await using world = await World.make(0);
  let now = 0;
  const clock = { ...systemClock, monotonic: () => now };
  const releases = world.releases({ clock });
  await world.disk.count();
  await releases.open(world.disk.booted("b"));
  await world.asked.promise;
  assert.equal(releases.overdue, false);
  now = 5 * 60_000 + 1;
  assert.equal(releases.overdue, true);
});

Deno.test("Releases leave a settled release alone", async () => {
  await using world = await World.make();
  await using disk = await TestDisk.make();
  const releases = world.releases();
  assert.deepEqual(await releases.open(disk.booted("a")), { kind: "settled" });
  await releases.prove(FOREVER);
  await releases.end("a reboot");
  assert.equal(world.asks, 0);
  assert.equal((await world.status()).state, "permanent");
});

Deno.test("Releases say which release does not come up when the other stands in for it", async () => {
  await using world = await World.make();
  const releases = await world.tried();
  await releases.prove(FOREVER);
  const standIn = world.releases();
  assert.equal((await standIn.open(world.disk.booted("a"))).kind, "standsIn");
  assert.equal(standIn.onTrial, false);
  const { state, version, other, message } = await world.status();
  assert.deepEqual([state, version, other], ["rolledBack", "v1", "v2"]);
  assert.match(
    message,
    /^v2 does not come up: it ended before it was up, 3 times in a row; .*upgrade/,
  );
  assert.ok(world.logged.some((line) => line.endsWith("; v1 runs instead")));
});
