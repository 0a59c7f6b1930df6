import assert from "node:assert/strict";
import type { MachineConfig } from "$lib/config/mod.ts";
import { withMutex } from "$lib/etcd/mod.ts";
import { TestEtcd, testsWith } from "$lib/etcd/testing.ts";
import { Latest, systemClock } from "$lib/service/mod.ts";
import { SharedAddresses, sharedAddressesOf } from "./shared_addresses.ts";

function configOf(type: string, ...ips: string[]): MachineConfig {
  const interfaces = ips.map((ip, at) => ({ interface: `eth${at}`, mtu: 0, vip: { ip } }));
  return { machine: { type, network: { interfaces } } } as unknown as MachineConfig;
}

/** Waits for the addresses that are held. */
async function until(addresses: SharedAddresses, want: string): Promise<void> {
  for await (const held of addresses.held.watch(AbortSignal.timeout(60_000))) {
    if (held.join() === want) return;
  }
  assert.fail(`never "${want}"`);
}

Deno.test("sharedAddressesOf() knows those of control planes alone", () => {
  assert.deepEqual(sharedAddressesOf(configOf("controlplane", "10.0.0.1")), ["10.0.0.1"]);
  assert.deepEqual(sharedAddressesOf(configOf("join", "10.0.0.1")), []);
  assert.deepEqual(sharedAddressesOf(undefined), []);
});

Deno.test("SharedAddresses follow the configuration, and say once why they cannot be had", async () => {
  const over = new AbortController();
  const logged: string[] = [];
  const locks: string[] = [];
  const addresses = new SharedAddresses({
    async lock(name, work, signal) {
      locks.push(name);
      if (name.endsWith(".2")) throw new Error("etcd is away");
      await work(signal);
    },
    clock: { ...systemClock, sleep: () => new Promise((resolve) => setTimeout(resolve, 1)) },
    log: (line) => logged.push(line),
  });
  const running = new Latest({ config: configOf("controlplane", "10.0.0.1", "10.0.0.2") });
  const run = addresses.run(running, over.signal);
  await until(addresses, "10.0.0.1");
  assert.equal(locks[0], "talos:v1:vip:election:10.0.0.1");
  while (locks.length < 10) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(logged.filter((line) => line.includes("etcd is away")).length, 1);
  running.set({ config: configOf("controlplane", "10.0.0.3") });
  await until(addresses, "10.0.0.3");
  running.set({ config: configOf("join", "10.0.0.3") });
  await until(addresses, "");
  over.abort();
  await run;
});

testsWith("etcd")(
  "SharedAddresses are one machine's at a time, and another's when it goes",
  async () => {
    await using cluster = await TestEtcd.make();
    const member = await cluster.start({ name: "a" });
    await cluster.healthy(member);
    const running = new Latest({ config: configOf("controlplane", "10.0.0.1") });
    const machines = [1, 2].map(() => {
      const over = new AbortController();
      const etcd = cluster.client(member);
      const addresses = new SharedAddresses({
        lock: (name, work, signal) =>
          withMutex(etcd, { name, ttlSeconds: 3, waitMs: 60_000, signal }, work),
        clock: systemClock,
        log: () => {},
      });
      return { over, etcd, addresses, run: addresses.run(running, over.signal) };
    });
    const [first, second] = machines;
    assert.ok(first && second);
    await Promise.race(machines.map(({ addresses }) => until(addresses, "10.0.0.1")));
    const has = (machine: typeof first) => (machine.addresses.held.value ?? []).length > 0;
    const [holder, other] = has(first) ? [first, second] : [second, first];
    assert.equal(has(other), false);
    holder.over.abort();
    await until(other.addresses, "10.0.0.1");
    assert.equal(has(holder), false);
    other.over.abort();
    for (const { run, etcd } of machines) {
      await run;
      etcd[Symbol.dispose]();
    }
  },
);
