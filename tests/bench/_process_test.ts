import assert from "node:assert/strict";
import { cpuMs, memoryOf } from "./_process.ts";

Deno.test("memoryOf() takes the own and the shared part of a rollup", () => {
  const text = "55d0-7ffe ---p 00000000 00:00 0  [rollup]\n" +
    "Rss:  62000 kB\nPss:   31500 kB\nPss_Anon:  9 kB\nAnonymous:       24000 kB\n";
  assert.deepEqual(memoryOf(text), { anonymousKb: 24_000, pssKb: 31_500 });
});

Deno.test("cpuMs() reads the clock of a process that runs", async () => {
  assert.ok(await cpuMs(Deno.pid) > 0);
});
