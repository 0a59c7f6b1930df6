import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { until } from "$lib/rpc/testing.ts";
import { TestDisk } from "../release/testing.ts";
import type { Slots } from "../release/slots.ts";
import { Sequencer } from "../sequences/engine.ts";
import type { ResetOrder } from "../sequences/reset.ts";
import type { LeaveOrder } from "../sequences/upgrade.ts";
import type { UpgradeOrder } from "../tasks/upgrade.ts";
import { lifecycleApi, type LifecycleDeps } from "./lifecycle.ts";
import { clientOf } from "./testing.ts";

/** A machine that says what it is asked for. */
function world(slots: Slots | undefined, more: Partial<LifecycleDeps> = {}) {
  const done: string[] = [];
  const sequencer = new Sequencer({ log: () => {}, report: () => {} });
  const sequence = (name: string) => {
    const task = { name, run: () => void done.push(name) };
    return { name, phases: [{ name, tasks: [task] }] };
  };
  const orders: (UpgradeOrder & LeaveOrder | ResetOrder)[] = [];
  const deps: LifecycleDeps = {
    releases: { slots },
    installer: {
      fetch: async (image) => {
        done.push(`fetch ${image}`);
        return { reference: image, version: "v2" };
      },
      forget: async (reference) => void done.push(`forget ${reference}`),
    },
    installImage: () => "registry/installer:configured",
    achieved: async () => ({ services: ["kubelet"] }),
    takeTurn: async () => undefined,
    checkLeave: async () => {},
    sequencer,
    sequences: {
      upgrade(order) {
        orders.push(order);
        return sequence("upgrade");
      },
      stageUpgrade: () => sequence("stageUpgrade"),
      reset(order) {
        orders.push(order);
        return sequence("reset");
      },
    },
    power: { request: (action, origin) => void done.push(`${action}: ${origin}`) },
    log: () => {},
    ...more,
  };
  return { done, orders, client: clientOf(lifecycleApi(deps)) };
}

const TURN = {
  lost: new AbortController().signal,
  ended: new Promise<void>(() => {}),
  release: () => {},
};

const refused = (message: RegExp, code = Code.FailedPrecondition) => (error: unknown) => {
  assert.ok(error instanceof ConnectError);
  assert.match(error.rawMessage, message);
  assert.equal(error.code, code);
  return true;
};

Deno.test("upgrade() verifies the image that is named, then runs the sequence with what there was", async () => {
  await using disk = await TestDisk.make();
  const { done, orders, client } = world(disk.booted("a"));
  const { messages } = await client.upgrade({ image: "registry/installer:v2", preserve: true });
  assert.equal(messages[0]?.ack, "Upgrade request received");
  assert.deepEqual(done, ["fetch registry/installer:v2", "upgrade"]);
  const [order] = orders as [UpgradeOrder & LeaveOrder];
  assert.deepEqual([order.preserve, order.achieved], [true, { services: ["kubelet"] }]);
});

Deno.test("upgrade() takes the configuration's image when none is named", async () => {
  await using disk = await TestDisk.make();
  const { done, client } = world(disk.booted("a"));
  await client.upgrade({});
  assert.equal(done[0], "fetch registry/installer:configured");
});

Deno.test("upgrade() stages: META remembers, and another sequence runs", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const { done, client } = world(slots);
  await client.upgrade({ image: "registry/installer:v2", preserve: true, stage: true });
  assert.equal(done.at(-1), "stageUpgrade");
  assert.deepEqual(await slots.takeStaged(), {
    ...{ image: "registry/installer:v2", preserve: true, achieved: { services: ["kubelet"] } },
  });
});

Deno.test("upgrade() refuses an image that is not taken; nothing runs", async () => {
  await using disk = await TestDisk.make();
  const { done, client } = world(disk.booted("a"), {
    installer: {
      fetch: () => Promise.reject(new Error('error validating installer image "x": corrupt')),
      forget: async () => {},
    },
  });
  await assert.rejects(
    client.upgrade({ image: "x" }),
    refused(/^error validating installer image/),
  );
  assert.deepEqual(done, []);
});

Deno.test("upgrade() refuses what the cluster cannot do without, unless forced", async () => {
  await using disk = await TestDisk.make();
  const takeTurn = () => Promise.reject(new Error("only 1 etcd member found"));
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const { done, client } = world(disk.booted("a"), { takeTurn, log });
  await assert.rejects(client.upgrade({ image: "x" }), refused(/^only 1 etcd member found$/));
  assert.deepEqual(done, ["fetch x", "forget x"]);
  assert.ok(!logged.some((line) => /forced/.test(line)));
  await client.upgrade({ image: "x", force: true });
  assert.equal(done.at(-1), "upgrade");
  assert.ok(logged.some((line) => /^upgrade is forced/.test(line)));
});

Deno.test("upgrade() and rollback() are refused on a machine that was not started from a slot", async () => {
  const { client } = world(undefined);
  const message = /was not started from a disk that a release is installed on$/;
  await assert.rejects(client.upgrade({ image: "x" }), refused(message));
  await assert.rejects(client.rollback({}), refused(message));
});

Deno.test("upgrade() is refused while a sequence runs", async () => {
  await using disk = await TestDisk.make();
  const sequencer = { busy: true, run: () => Promise.resolve() };
  const { client } = world(disk.booted("a"), { sequencer });
  const busy = refused(/the machine is busy with/, Code.Unavailable);
  await assert.rejects(client.upgrade({ image: "x" }), busy);
});

Deno.test("upgrade() that fails on its way reboots the machine and gives the turn back", async () => {
  await using disk = await TestDisk.make();
  let released = false;
  const { done, client } = world(disk.booted("a"), {
    sequencer: { busy: false, run: () => Promise.reject(new Error("the disk is full")) },
    takeTurn: async () => ({ ...TURN, release: () => void (released = true) }),
  });
  await client.upgrade({ image: "x" });
  await until("rebooted", () => done.some((one) => one.startsWith("reboot")));
  assert.equal(done.at(-1), "reboot: upgrade that failed");
  assert.equal(released, true);
});

Deno.test("upgrade() gives the cluster's turn back when it does not come to the sequence", async () => {
  await using disk = await TestDisk.make();
  let released = false;
  const { done, client } = world(disk.booted("a"), {
    takeTurn: async () => ({ ...TURN, release: () => void (released = true) }),
    achieved: () => Promise.reject(new Error("nobody answers")),
  });
  await assert.rejects(client.upgrade({ image: "r/i:v2", preserve: true }));
  assert.equal(released, true);
  assert.ok(!done.includes("upgrade"));
});

Deno.test("upgrade() that is staged and fails on its way is not done by the next boot", async () => {
  await using disk = await TestDisk.make();
  const slots = disk.booted("a");
  const { done, client } = world(slots, {
    sequencer: { busy: false, run: () => Promise.reject(new Error("etcd cannot be left")) },
  });
  await client.upgrade({ image: "x", stage: true });
  await until("rebooted", () => done.some((one) => one.startsWith("reboot")));
  assert.equal(done.at(-1), "reboot: stageUpgrade that failed");
  assert.equal(await slots.takeStaged(), undefined);
});

Deno.test("upgrade() waits for another turn where its own was lost on the way", async () => {
  await using disk = await TestDisk.make();
  const lost = new AbortController();
  const answers = [
    async () => ({ ...TURN, lost: lost.signal }),
    async () => TURN,
  ];
  const waits: number[] = [];
  const { orders, client } = world(disk.booted("a"), {
    takeTurn: ({ waitMs }) => {
      waits.push(waitMs);
      return answers.shift()!();
    },
  });
  await client.upgrade({ image: "x" });
  const [{ keepTurn }] = orders as [UpgradeOrder & LeaveOrder];
  const { signal } = new AbortController();
  await keepTurn(signal);
  assert.equal(waits.length, 1, "it has its turn");
  lost.abort();
  await keepTurn(signal);
  await keepTurn(signal);
  assert.equal(waits.length, 2);
  assert.ok(waits[1]! > 20 * 60_000, `${waits}`);
});

Deno.test("rollback() makes the other release the next and reboots; it refuses where there is none", async () => {
  await using one = await TestDisk.make();
  await assert.rejects(
    world(one.booted("a")).client.rollback({}),
    refused(/slot B holds no release/),
  );
  await using two = await TestDisk.make({ upgraded: true });
  const { done, client } = world(two.booted("b"));
  await client.rollback({});
  assert.deepEqual(done, ["reboot: API (rollback)"]);
});

Deno.test("reset() takes the labels of a node's partitions and no other", async () => {
  const { orders, client } = world(undefined);
  const spec = (label: string, wipe = true) => ({ label, wipe });
  await assert.rejects(
    client.reset({ systemPartitionsToWipe: [spec("DATA")] }),
    refused(/^label "DATA" is not supported$/, Code.InvalidArgument),
  );
  await client.reset({ systemPartitionsToWipe: [spec("EPHEMERAL"), spec("STATE", false)] });
  await assert.rejects(client.reset({ graceful: true }), refused(/a reset is under way$/));
  assert.deepEqual(orders, [{ graceful: false, reboot: false, labels: ["EPHEMERAL"] }]);
});

Deno.test("reset() that names partitions and wipes none of them does not wipe the disk", async () => {
  const { orders, client } = world(undefined);
  await assert.rejects(
    client.reset({ systemPartitionsToWipe: [{ label: "EPHEMERAL", wipe: false }] }),
    refused(/none of the partitions named is to be wiped/, Code.InvalidArgument),
  );
  assert.deepEqual(orders, []);
  await client.reset({});
  assert.deepEqual(orders, [{ graceful: false, reboot: false, labels: [] }]);
});

Deno.test("reset() refuses what etcd cannot do without, unless it is not graceful", async () => {
  await using disk = await TestDisk.make();
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const checkLeave = () => Promise.reject(new Error("etcd member 7 is not healthy"));
  const { done, client } = world(disk.booted("a"), { checkLeave, log });
  await assert.rejects(client.reset({ graceful: true }), refused(/^etcd member 7 is not healthy$/));
  assert.deepEqual([done, logged], [[], []]);
  await client.reset({ graceful: false });
  assert.equal(done.at(-1), "reset");
  assert.match(logged[0] ?? "", /^reset is not graceful/);
});
