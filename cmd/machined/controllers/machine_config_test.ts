import assert from "node:assert/strict";
import { MemoryState, until } from "$lib/cosi/mod.ts";
import { ACTIVE_CONFIG, specYaml } from "$lib/resources/mod.ts";
import { Latest } from "$lib/service/mod.ts";
import type { RunningConfig } from "../config/store.ts";
import { MachineConfig, publishConfig } from "./machine_config.ts";
import { testConfig } from "./testing.ts";

Deno.test("publishConfig() shows each running configuration with its very text", async () => {
  const state = new MemoryState();
  const running = new Latest<RunningConfig>();
  const over = new AbortController();
  const publishing = publishConfig(running, state, over.signal);
  const { config } = await testConfig();
  const timeout = AbortSignal.timeout(5_000);
  for (const text of ["# first\nversion: v1alpha1\n", "# second\nversion: v1alpha1\n"]) {
    running.set({ text, config });
    await until(state, MachineConfig, ACTIVE_CONFIG, timeout, (spec) => spec?.text === text);
  }
  const resource = await state.resource(MachineConfig, ACTIVE_CONFIG);
  assert.equal(resource?.metadata.version, 2);
  assert.equal(specYaml(MachineConfig, resource?.spec), "# second\nversion: v1alpha1\n");
  over.abort();
  await publishing;
});
