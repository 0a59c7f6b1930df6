/**
 * PID 1 under attack: orphans, signals, exceptions, killed services, an exhausted heap. The node of the fault image does on command what no API offers.
 */
import assert from "node:assert/strict";
import { bootTest } from "./boot_test_case.ts";
import { faultMachine } from "./fault_image.ts";
import { FaultLine } from "./fault_line.ts";
import { BOOT_MS, CLUSTER_SERVICES, EVENT_MS, type Node, startNode, until } from "./node.ts";

let directory: string;
let node: Node;
let line: FaultLine;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "faults-test-" });
});

Deno.test.afterAll(async () => {
  line?.[Symbol.dispose]();
  await node?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** Waits for the API and for the end of the boot sequence after console offset `from`. */
async function booted(from: number): Promise<void> {
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS, from);
  await until(async () => void await node.machine.version({}), EVENT_MS, node.vm);
}

/** Waits until the service's process is another one than `pid` and its health is good again. */
async function backAgain(id: string, from: number): Promise<void> {
  await node.vm.until(new RegExp(`service\\[${id}\\].*started with PID`), EVENT_MS, from);
  await until(
    async () => {
      const services = (await node.machine.serviceList({})).messages[0]?.services ?? [];
      const service = services.find((one) => one.id === id);
      assert.deepEqual([service?.state, service?.health?.healthy], ["Running", true]);
    },
    EVENT_MS,
    node.vm,
  );
}

const consoleEnd = async () => (await node.vm.console()).length;

bootTest("the fault image boots", async () => {
  const path = `${directory}/fault.sock`;
  node = await startNode(await faultMachine(path));
  line = await FaultLine.open(path);
  await booted(0);
}, { bringsUp: true, tier: "every" });

for (const role of ["apid", "routerd"]) {
  bootTest(`${role} comes back after kill -9, and the API answers`, async () => {
    const from = await consoleEnd();
    assert.match(await line.ask(`kill ${role}`), /^killed \d+$/);
    await backAgain(role, from);
  });
}

bootTest("10,000 double-forked orphans leave no zombie a second later", async () => {
  assert.equal(await line.ask("orphans 10000", BOOT_MS), "zombies 0");
  await node.machine.version({});
});

for (const [name, number] of [["HUP", 1], ["QUIT", 3], ["USR1", 10], ["SEGV", 11]] as const) {
  bootTest(`SIG${name} to PID 1 changes nothing`, async () => {
    const before = await line.ask("bootId");
    assert.equal(await line.ask(`signal ${number}`), "sent");
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await line.ask("bootId"), before);
  });
}

bootTest(
  "an exception in a timer and a rejected promise are logged, and nothing else",
  async () => {
    const from = await consoleEnd();
    assert.equal(await line.ask("throw"), "thrown");
    await node.vm.until(/uncaught error: Error: thrown in a timer on purpose/, EVENT_MS, from);
    assert.equal(await line.ask("reject"), "rejected");
    await node.vm.until(/unhandled rejection: Error: rejected on purpose/, EVENT_MS, from);
    await node.machine.version({});
  },
);

bootTest("an exception in a service restarts that service alone", async () => {
  const from = await consoleEnd();
  const runs = Number(await line.ask("runs"));
  assert.equal(await line.ask("service"), "failed");
  await node.vm.until(/service\[faulty\].*the service was told to fail/, EVENT_MS, from);
  await until(async () => assert.equal(Number(await line.ask("runs")), runs + 1), EVENT_MS);
  const others = (await node.machine.serviceList({})).messages[0]?.services ?? [];
  for (const { id, state } of others) {
    if (!CLUSTER_SERVICES.includes(id)) assert.equal(state, "Running", id);
  }
});

bootTest("a controller that throws is tried again, and its neighbours go on", async () => {
  const from = await consoleEnd();
  const passes = Number(await line.ask("controller 3"));
  await until(async () => assert.equal(Number(await line.ask("passes")), passes + 1), EVENT_MS);
  let log = "";
  for await (
    const { bytes } of node.machine.logs({
      namespace: "system",
      id: "controller-runtime",
      tailLines: -1,
    })
  ) {
    log += new TextDecoder().decode(bytes);
  }
  const failures = log.match(/test\.FaultyController.*the controller was told to fail/g) ?? [];
  assert.equal(failures.length, 3, log);
  // The neighbour that keeps the services' resources sees the next change.
  await node.machine.serviceRestart({ id: "timed" });
  await backAgain("timed", from);
});

bootTest(
  "an exhausted heap in PID 1 ends in a reboot, and the node comes back by itself",
  async () => {
    const before = await line.ask("bootId");
    const from = await consoleEnd();
    line.send("oom");
    // Mostly V8's abort is a kernel panic and its reboot. Now and then the abort itself hangs: then
    // nobody feeds the hardware watchdog, and it resets the machine.
    await booted(from);
    assert.notEqual(await line.ask("bootId"), before);
  },
  { bringsUp: true },
);

bootTest("SIGINT to PID 1, as Ctrl-Alt-Del sends it, reboots", async () => {
  const before = await line.ask("bootId");
  const from = await consoleEnd();
  await line.ask("signal 2");
  await node.vm.until(/reboot requested by SIGINT/, EVENT_MS, from);
  await booted(from);
  assert.notEqual(await line.ask("bootId"), before);
}, { bringsUp: true, tier: "long" });

bootTest("SIGTERM to PID 1 shuts the machine down", async () => {
  const from = await consoleEnd();
  await line.ask("signal 15");
  await node.vm.until(/shutdown requested by SIGTERM/, EVENT_MS, from);
  await node.vm.off(EVENT_MS);
});
