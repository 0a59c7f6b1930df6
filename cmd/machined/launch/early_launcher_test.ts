import assert from "node:assert/strict";
import type { LaunchedProcess } from "$lib/service/mod.ts";
import { EarlyLauncher } from "./early_launcher.ts";

function launcher(): { launches: string[]; early: EarlyLauncher<string> } {
  const launches: string[] = [];
  const early = new EarlyLauncher<string>({
    launch(spec): Promise<LaunchedProcess> {
      launches.push(spec);
      if (spec === "broken") return Promise.reject(new Error("no such program"));
      const status = Promise.resolve({ code: 0, signal: null });
      return Promise.resolve({ pid: launches.length, status, kill() {} });
    },
  });
  return { launches, early };
}

Deno.test("EarlyLauncher hands over what it launched ahead, then launches anew", async () => {
  const { launches, early } = launcher();
  await early.ahead("apid", "routerd");
  assert.deepEqual(launches, ["apid", "routerd"]);
  assert.equal((await early.launch("apid")).pid, 1);
  assert.equal((await early.launch("apid")).pid, 3);
  assert.equal((await early.launch("timed")).pid, 4);
});

Deno.test("EarlyLauncher leaves a failed start to the service, which may try again", async () => {
  const { launches, early } = launcher();
  await early.ahead("broken", "apid");
  await assert.rejects(early.launch("broken"), /no such program/);
  await assert.rejects(early.launch("broken"), /no such program/);
  assert.deepEqual(launches, ["broken", "apid", "broken"]);
});
