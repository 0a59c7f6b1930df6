/**
 * A cluster of several machines as `talosctl cluster create` makes it: one of them loses what it kept, and
 * one is lost. Each test goes on where the one before left the cluster.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DIST } from "../../mkimage/paths.ts";
import { registryPatch } from "../../mkimage/registry/patch.ts";
import { Kubectl } from "./kubectl.ts";
import { clusterTest } from "./kubernetes.ts";
import { until } from "./node.ts";
import { say, serveClusterImages, type ServedImages } from "./served_images.ts";
import { Talosctl } from "./talosctl.ts";

const NAME = "several";
/** Addresses of the control planes among each other. */
const MASTERS = ["10.0.2.15", "10.0.2.16", "10.0.2.17"] as const;
const NAMES = MASTERS.map((_, index) => `${NAME}-master-${index + 1}`);
/** How long the machines may take together, on two cores that have something else to do. */
const CREATE_MINUTES = 90;
/** A boot, and all images pulled once more. */
const JOIN_MS = 45 * 60_000;
/** The balancer asks every 2 s; a call that was on its way ends first. */
const FAIL_OVER_MS = 5 * 60_000;
const PAUSE_MS = 10_000;
const [FIRST, ...OTHERS] = MASTERS;

let directory: string;
let served: ServedImages;
let user: Talosctl;
let kubectl: Kubectl;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "cluster-create-" });
});

Deno.test.afterAll(async () => {
  await user?.run(["cluster", "destroy", "--name", NAME]);
  await user?.[Symbol.asyncDispose]();
  await served?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

clusterTest("three control planes, one an init node, and a worker become Ready", async () => {
  served = await serveClusterImages(join(directory, "registry"));
  user = await Talosctl.make("");
  const kubeconfig = join(user.home, "kubeconfig");
  kubectl = new Kubectl(served.kubectl, kubeconfig);
  const began = performance.now();
  const created = await user.run([
    ...["cluster", "create", "--name", NAME, "--masters", "3", "--workers", "1"],
    ...["--with-init-node", "--memory", "3072", "--wait-timeout", `${CREATE_MINUTES}m`],
    ...["--vmlinuz-path", join(DIST, "vmlinuz-amd64")],
    ...["--initrd-path", join(DIST, "initramfs-amd64.xz")],
    ...["--config-patch", registryPatch(served.registry, served.images.map(({ name }) => name))],
  ], { KUBECONFIG: kubeconfig });
  say(created.stderr);
  assert.equal(created.code, 0, created.stderr);
  say(`Ready after ${Math.round((performance.now() - began) / 1_000)} s`);
  assert.deepEqual(await readyNodes(), [...NAMES, `${NAME}-worker-1`]);
  assert.deepEqual(await memberNames(), NAMES);
}, { bringsUp: true });

clusterTest("one endpoint answers for all control planes", async () => {
  assert.deepEqual(firstColumn(await user.print(["-n", MASTERS.join(), "memory"])), [...MASTERS]);
});

clusterTest("the init node without its EPHEMERAL joins the others and founds nothing", async () => {
  const uid = await write("before");
  const before = await members();
  await user.print([
    ...["-n", FIRST, "reset", "--graceful=false", "--reboot"],
    ...["--system-labels-to-wipe", "EPHEMERAL"],
  ]);
  const began = performance.now();
  await until(
    async () => {
      const after = await members();
      assert.notEqual(after.get(FIRST), before.get(FIRST));
      for (const address of OTHERS) assert.equal(after.get(address), before.get(address));
    },
    JOIN_MS,
    undefined,
    PAUSE_MS,
  );
  say(`a member again after ${Math.round((performance.now() - began) / 1_000)} s`);
  // Its former self is no member any more.
  assert.deepEqual(await memberNames(), NAMES);
  await until(
    async () => assert.deepEqual(await readyNodes(), [...NAMES, `${NAME}-worker-1`]),
    JOIN_MS,
    undefined,
    PAUSE_MS,
  );
  assert.deepEqual(await note(), { uid, written: "before" });
});

clusterTest("the cluster goes on without the first", async () => {
  const pidFile = join(user.home, ".talos", "clusters", NAME, `${NAME}-master-1`, "qemu.pid");
  Deno.kill(Number(await Deno.readTextFile(pidFile)), "SIGKILL");
  await until(async () => {
    const answer = await user.print(["-n", OTHERS.join(), "memory"]);
    assert.deepEqual(firstColumn(answer), OTHERS);
  }, FAIL_OVER_MS);
  await until(async () => void await write("without the first"), FAIL_OVER_MS);
  assert.equal((await note()).written, "without the first");
});

clusterTest("no other member may leave then", async () => {
  const [second] = OTHERS;
  const { code, stderr } = await user.run(["-n", second!, "reset", "--graceful"]);
  assert.equal(code, 1);
  assert.match(stderr, /etcd member \w+ is not healthy; all members must be healthy/);
  assert.deepEqual(firstColumn(await user.print(["-n", OTHERS.join(), "memory"])), OTHERS);
});

/** Writes the note; gives its identity. */
async function write(written: string): Promise<string> {
  await kubectl.apply({
    ...{ apiVersion: "v1", kind: "ConfigMap", data: { written } },
    metadata: { name: "note", namespace: "default" },
  });
  return (await note()).uid;
}

async function note(): Promise<{ readonly uid: string; readonly written: string }> {
  const { metadata, data } = await kubectl.get("configmap", "note", "-n", "default");
  return { uid: metadata.uid, written: data.written };
}

/** The control planes' names as etcd lists them. */
async function memberNames(): Promise<string[]> {
  const row = (await user.print(["-n", OTHERS[0]!, "etcd", "members"])).trimEnd().split(/\s+/).at(
    -1,
  );
  return (row ?? "").split(",").toSorted();
}

/** The id of each control plane's member, by the machine's address; all three vote. */
async function members(): Promise<Map<string, string>> {
  const table = await user.print(["-n", MASTERS.join(), "etcd", "status"]);
  const rows = table.trimEnd().split("\n").slice(1).map((line) => line.split(/\s{2,}/));
  assert.equal(rows.length, MASTERS.length, table);
  assert.ok(rows.every((row) => row.includes("false")), table);
  return new Map(rows.map(([address, id]) => [address ?? "", id ?? ""]));
}

async function readyNodes(): Promise<string[]> {
  interface Node {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions: readonly { type: string; status: string }[] };
  }
  const { items } = await kubectl.get("nodes") as { items: readonly Node[] };
  return items.filter(({ status }) =>
    status.conditions.some(({ type, status }) => type === "Ready" && status === "True")
  ).map(({ metadata }) => metadata.name).toSorted();
}

/** The first words of the lines after the head. */
function firstColumn(table: string): string[] {
  return table.trimEnd().split("\n").slice(1).map((line) => line.split(/\s+/)[0] ?? "").toSorted();
}
