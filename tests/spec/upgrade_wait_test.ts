/** `upgrade --wait` against a node that takes a new release, or falls back. */
import assert from "node:assert/strict";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { answers, bytes, chunks } from "../../cmd/talosctl/testing/answers.ts";
import { TestNode, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { Home, type Run } from "./spec.ts";

const NODE = "10.0.0.1";
const RUNNING = { version: "v1", slot: "A", state: "permanent", other: "", message: "" };
const FAULT = "v2 was tried and failed: it did not come up";

/** Upgrades a node that is in `state` by the second look after that, in another boot. */
async function upgrade(state: typeof RUNNING, nodes: readonly string[]): Promise<Run> {
  await using home = await Home.make();
  const pki = await testPki();
  let asked = false;
  let looks = 0;
  const over = () => asked && looks > 1;
  await using node = await TestNode.start(pki, (router) => {
    router.service(MachineService, {
      upgrade(_request, { requestHeader }) {
        asked = true;
        return { messages: answers(requestHeader, { ack: "Upgrade request received" }) };
      },
      async *read(_request, { requestHeader }) {
        yield* chunks(requestHeader, [{ bytes: bytes(over() ? "two\n" : "one\n") }]);
      },
    });
    router.service(ResourceService, {
      get(_request, { requestHeader }) {
        if (asked) looks++;
        const yaml = bytes(JSON.stringify(over() ? state : RUNNING));
        return { messages: answers(requestHeader, { resource: { spec: { yaml } } }) };
      },
    });
  });
  await Deno.writeTextFile(
    home.at("c"),
    testTalosconfig(pki, { endpoints: [node.endpoint], nodes }),
  );
  return await home.run([
    ...["--talosconfig", "c", "upgrade", "--image", "registry.test/installer:v2", "--wait"],
  ]);
}

Deno.test("talosctl upgrade --wait tells of the release until it is permanent", async () => {
  const permanent = { ...RUNNING, version: "v2", slot: "B" };
  const { code, stdout, stderr } = await upgrade(permanent, [NODE]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Upgrade request received/);
  assert.match(
    stderr,
    /10\.0\.0\.1: v1 in slot A runs still\n10\.0\.0\.1: v2 in slot B is permanent/,
  );
});

Deno.test("talosctl upgrade --wait fails when the former release is back, also without --nodes", async () => {
  const back = { ...RUNNING, state: "rolledBack", message: FAULT };
  const { code, stderr } = await upgrade(back, []);
  assert.equal(code, 1);
  assert.ok(stderr.includes(FAULT), stderr);
});
