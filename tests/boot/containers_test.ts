/**
 * A node with a disk for /var and a registry it can reach: the disk is made its own, both containerds
 * run, the kubelet's image is pulled through a mirror and runs in a container, and all of it is there
 * again after a reboot. The image is a small program of ours in the kubelet's place.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { ContainerDriver } from "$proto/common/common_pb.ts";
import { programImage, serveImage } from "../../cmd/machined/containers/testing.ts";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { BOOT_MS, EVENT_MS, type Node, startNode, textOf, until } from "./node.ts";

const DISK_BYTES = 4 * 2 ** 30;
const OWN = { namespace: "system", driver: ContainerDriver.CONTAINERD };
const PODS = { namespace: "k8s.io", driver: ContainerDriver.CRI };
const CALL = { timeoutMs: EVENT_MS };

let directory: string;
let registry: ReturnType<typeof serveImage>;
let node: Node;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "containers-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await registry?.close();
  await Deno.remove(directory, { recursive: true });
});

function read(path: string): Promise<string> {
  return textOf(node.machine.read({ path }, CALL));
}

function log(id: string): Promise<string> {
  return textOf(node.machine.logs({ ...OWN, id, tailLines: -1 }, CALL));
}

/** Waits until the service is in `state`; its events are told when it does not get there. */
async function untilService(id: string, state: string): Promise<void> {
  await until(
    async () => {
      const { messages } = await node.machine.serviceList({}, CALL);
      const service = messages[0]?.services.find((entry) => entry.id === id);
      const events = service?.events?.events.map(({ msg }) => msg).join("\n");
      assert.equal(service?.state, state, `${id}: ${events}`);
      if (id !== "kubelet") assert.equal(service?.health?.healthy, true, `${id}: ${events}`);
    },
    BOOT_MS,
    node.vm,
  );
}

async function kubelet(): Promise<{ pid: number; status: string; image: string } | undefined> {
  const [{ containers = [] } = {}] = (await node.machine.containers(OWN, CALL)).messages;
  return containers.find(({ id }) => id === "kubelet");
}

bootTest("a blank disk becomes /var, and the console says so", async () => {
  const disk = join(directory, "var.img");
  await blankDisk(disk, DISK_BYTES);
  registry = serveImage(await programImage(directory, "kubelet"));
  node = await startNode({
    disks: [disk],
    memoryMib: 1536,
    config(yaml) {
      const document = parseDocument(yaml);
      document.setIn(["machine", "kubelet"], {
        image: "registry.test/kubelet:v1.35.4",
        extraArgs: {},
      });
      document.setIn(["machine", "registries", "mirrors"], {
        "registry.test": { endpoints: [`http://10.0.2.2:${registry.port}`] },
      });
      return document.toString();
    },
  });
  await node.ready();
  await node.vm.until(/\/dev\/vda is blank: making it the volume of \/var/, BOOT_MS);
  await node.vm.until(/\/var is on \/dev\/vda/, BOOT_MS);
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS);
  const mounts = await read("/proc/mounts");
  assert.match(mounts, /^\/dev\/vda \/var xfs rw,/m);
  for (
    const path of [
      "/etc/kubernetes",
      "/etc/cni",
      "/usr/libexec/kubernetes",
      "/usr/etc/udev",
      "/opt",
    ]
  ) assert.ok(mounts.includes(`overlay ${path} overlay rw,`), path);
});

bootTest("both containerds are up, and the kubelet's image came through the mirror", async () => {
  await untilService("containerd", "Running");
  await untilService("cri", "Running");
  await untilService("kubelet", "Running");
  assert.ok(registry.asked.some((path) => path.endsWith("/kubelet/manifests/v1.35.4")));
  const text = await log("kubelet");
  assert.match(text, /^Image registry\.test\/kubelet:v1\.35\.4 is sha256:[0-9a-f]{64}$/m);
  assert.match(text, /^mode --config=\/etc\/kubernetes\/kubelet\.yaml uid 0 greeting image$/m);
  assert.match(text, /^up$/m);
});

bootTest("containers and stats show it beside the node's own processes", async () => {
  const found = await kubelet();
  assert.equal(found?.status, "RUNNING");
  assert.equal(found?.image, "registry.test/kubelet:v1.35.4");
  const [{ stats = [] } = {}] = (await node.machine.stats(OWN, CALL)).messages;
  const ids = stats.map(({ id }) => id).toSorted();
  assert.deepEqual(ids, ["apid", "kubelet", "networkd", "routerd", "timed", "trustd"]);
  for (const { id, memoryUsage } of stats) assert.ok(memoryUsage > 0n, id);
  const [pods] = (await node.machine.containers(PODS, CALL)).messages;
  assert.deepEqual(pods?.containers, []);
});

bootTest("restart ends the container, and the service starts it again", async () => {
  const before = await kubelet();
  await node.machine.restart({ ...OWN, id: "kubelet" }, CALL);
  await until(
    async () => {
      const now = await kubelet();
      assert.equal(now?.status, "RUNNING");
      assert.notEqual(now?.pid, before?.pid);
    },
    BOOT_MS,
    node.vm,
  );
});

bootTest("a container leaves no mounts behind", async () => {
  const mounts = (await read("/proc/mounts")).split("\n").length;
  assert.ok(mounts < 60, `${mounts} mounts`);
});

bootTest("after a reboot /var and the image in it are there", async () => {
  const from = (await node.vm.console()).length;
  const asked = registry.asked.filter((path) => path.includes("/blobs/")).length;
  assert.ok(asked > 0);
  await node.machine.reboot({}, CALL);
  await node.vm.until(/reboot sequence: done/, BOOT_MS, from);
  assert.doesNotMatch((await node.vm.console()).slice(from), /Cannot unmount/);
  await node.vm.until(/\/var is on \/dev\/vda/, BOOT_MS, from);
  assert.doesNotMatch((await node.vm.console()).slice(from), /is blank/);
  await node.ready();
  await untilService("kubelet", "Running");
  assert.equal(registry.asked.filter((path) => path.includes("/blobs/")).length, asked);
});
