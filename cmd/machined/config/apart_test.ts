import assert from "node:assert/strict";
import { MAX_CONFIG_BYTES } from "$lib/config/mod.ts";
import { testConfig } from "../controllers/testing.ts";
import { readApart } from "./apart.ts";
import { ConfigFault, ConfigStore } from "./store.ts";

const PROGRAM = new URL("../../node/main.ts", import.meta.url).href;

/** A configuration with a comment of this size. */
async function large(bytes: number): Promise<string> {
  return `${(await testConfig()).text}# ${"x".repeat(bytes)}\n`;
}

Deno.test("readApart() reads a large configuration while the main loop turns", async () => {
  const source = await large(2_000_000);
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const { text, config, errors } = await readApart({ source, mode: "metal" }, PROGRAM);
  clearInterval(timer);
  assert.deepEqual(errors, []);
  assert.equal(text, source);
  assert.equal(config?.cluster.clusterName, "test");
  assert.ok(turns > 3, `${turns} turns`);
});

Deno.test("readApart() refuses what takes too much memory or time", async () => {
  const source = "]".repeat(3 << 20);
  const order = { source, mode: "metal" } as const;
  const heavy = await readApart(order, PROGRAM, { heapMib: 24, limitMs: 60_000 });
  assert.deepEqual(heavy.errors.map(({ message }) => message), [
    "Cannot read config: it takes more than 24 MiB of memory",
  ]);
  const slow = await readApart(order, PROGRAM, { heapMib: 1024, limitMs: 1 });
  assert.deepEqual(slow.errors.map(({ message }) => message), [
    "Cannot read config: it takes more than 0.001 s",
  ]);
});

Deno.test("ConfigStore reads only apart what is large, and what is too large not at all", async () => {
  const apart: number[] = [];
  const store = new ConfigStore({
    apart: (order) => {
      apart.push(order.source.length);
      return readApart(order, PROGRAM);
    },
  });
  const encoder = new TextEncoder();
  const small = encoder.encode(await large(100_000));
  const big = encoder.encode(await large(1_000_000));
  assert.equal((await store.readForeign(small, () => {})).text.length, small.length);
  assert.equal((await store.readForeign(big, () => {})).text.length, big.length);
  const huge = new Uint8Array(MAX_CONFIG_BYTES + 1);
  await assert.rejects(store.readForeign(huge, () => {}), (error: Error) => {
    assert.ok(error instanceof ConfigFault);
    assert.match(error.message, /4194305 bytes are more than the limit/);
    return true;
  });
  assert.deepEqual(apart, [big.length]);
});
