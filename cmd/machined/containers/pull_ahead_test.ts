import assert from "node:assert/strict";
import { MemoryState } from "$lib/cosi/mod.ts";
import { IMAGES } from "$lib/config/mod.ts";
import { KubernetesControlPlaneConfig, Service } from "$lib/resources/mod.ts";
import { settle } from "$lib/service/testing.ts";
import { controlPlaneConfigs } from "../controllers/config/control_plane_configs.ts";
import { testConfig } from "../controllers/testing.ts";
import { pullAhead } from "./pull_ahead.ts";

Deno.test("pullAhead() pulls in the order of the pods once the kubelet is well, past what fails", async () => {
  const state = new MemoryState();
  const pulled: string[] = [];
  const lines: string[] = [];
  const done = pullAhead({
    state,
    images: {
      pullImage({ image }) {
        pulled.push(image?.image ?? "");
        if (pulled.length === 1) throw new Error("no route to host");
        return Promise.resolve({ $typeName: "runtime.v1.PullImageResponse", imageRef: "" });
      },
    },
    log: (line) => lines.push(line),
  }, AbortSignal.timeout(60_000));
  const { config } = await testConfig();
  for (const [id, spec] of Object.entries(controlPlaneConfigs(config))) {
    await state.create(KubernetesControlPlaneConfig, id, spec);
  }
  await state.create(Service, "kubelet", { running: true, healthy: false });
  await settle();
  assert.deepEqual(pulled, []);
  await state.update(Service, "kubelet", { running: true, healthy: true });
  await done;
  assert.deepEqual(pulled, [
    IMAGES.apiServer,
    IMAGES.controllerManager,
    IMAGES.scheduler,
    IMAGES.flannelCni,
    IMAGES.flannel,
    IMAGES.proxy,
    IMAGES.coreDns,
  ]);
  assert.deepEqual(lines, [
    `cannot pull ${IMAGES.apiServer} ahead of its pod: no route to host`,
  ]);
});
