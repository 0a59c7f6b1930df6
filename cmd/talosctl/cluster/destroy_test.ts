import assert from "node:assert/strict";
import {
  addContext,
  contextOf,
  openTalosconfig,
  saveTalosconfig,
  Talosconfig,
} from "$lib/talosconfig/mod.ts";
import { mergeIntoFile } from "../kubeconfig_file.ts";
import { KUBECONFIG } from "../testing/kubernetes.ts";
import { destroyCluster, withoutContext } from "./destroy.ts";
import { isRunning, markProcess } from "./process.ts";
import { type ClusterState, saveState } from "./state.ts";

const rename = { onConflict: () => Promise.resolve("rename" as const) };
const PEM = { ca: "-----BEGIN A", crt: "-----BEGIN B", key: "-----BEGIN C" };

function withContexts(...names: string[]): Talosconfig {
  return names.reduce(
    (config, name) => addContext(config, name, contextOf(PEM)),
    Talosconfig.empty(),
  );
}

Deno.test("withoutContext() makes another context current when the current one goes", () => {
  assert.equal(withoutContext(withContexts("a", "b"), "b").current, "a");
  assert.equal(withoutContext(withContexts("a", "b"), "a").current, "b");
  const none = withoutContext(withContexts("a"), "a");
  assert.deepEqual([none.current, none.names], ["", []]);
});

Deno.test("destroyCluster() ends processes, forgets the contexts and leaves nothing, twice", async () => {
  const root = await Deno.makeTempDir();
  const directory = `${root}/c`;
  const talosconfig = `${root}/talosconfig`;
  await saveTalosconfig(Deno, talosconfig, withContexts("other", "c"));
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const mark = await markProcess("qemu", child.pid);
  const state: ClusterState = {
    provisioner: "qemu",
    name: "c",
    network: { name: "c", cidr: "10.0.2.0/24", gateway: "10.0.2.2", mtu: 1500 },
    nodes: [],
    processes: [mark],
    talosconfig: { path: talosconfig, context: "c" },
    kubeconfig: { path: `${root}/kubeconfig`, context: "admin@test" },
  };
  const mine = "kind: Config\ncontexts:\n  - name: mine\n    context: { cluster: work }\n";
  await mergeIntoFile(Deno, `${root}/kubeconfig`, mine, rename);
  await mergeIntoFile(Deno, `${root}/kubeconfig`, KUBECONFIG, rename);
  await saveState(Deno, directory, state);
  assert.equal(await destroyCluster(Deno, directory, () => {}), true);
  assert.equal(await isRunning(mark), false);
  assert.deepEqual((await openTalosconfig(Deno, talosconfig)).names, ["other"]);
  const kubeconfig = await Deno.readTextFile(`${root}/kubeconfig`);
  assert.deepEqual([kubeconfig.includes("mine"), kubeconfig.includes("test")], [true, false]);
  await assert.rejects(Deno.stat(directory), Deno.errors.NotFound);
  assert.equal(await destroyCluster(Deno, directory, () => {}), false);
  await child.status;
  await Deno.remove(root, { recursive: true });
});

Deno.test("destroyCluster() ends a machine that a crashed create did not record", async () => {
  const root = await Deno.makeTempDir();
  const node = `${root}/c/c-master-1`;
  await Deno.mkdir(node, { recursive: true });
  // Like QEMU it has the node's directory among its arguments; a bystander has not.
  const ours = new Deno.Command("sh", { args: ["-c", "sleep 60; true", `${node}/disk.raw`] })
    .spawn();
  const bystander = new Deno.Command("sleep", { args: ["60"] }).spawn();
  await Deno.mkdir(`${root}/c/c-master-2`);
  await Deno.writeTextFile(`${node}/qemu.pid`, String(ours.pid));
  await Deno.writeTextFile(`${root}/c/c-master-2/qemu.pid`, String(bystander.pid));
  assert.equal(await destroyCluster(Deno, `${root}/c`, () => {}), true);
  assert.equal((await ours.status).signal, "SIGTERM");
  const mark = await markProcess("qemu", bystander.pid);
  assert.ok(await isRunning(mark));
  bystander.kill("SIGKILL");
  await bystander.status;
  await Deno.remove(root, { recursive: true });
});
