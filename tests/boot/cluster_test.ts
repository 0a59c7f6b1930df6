/**
 * A cluster of several machines as `talosctl cluster create` makes it, and what is left of it without one:
 * it goes on, and lets no other member go.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DIST } from "../../mkimage/paths.ts";
import { registryPatch } from "../../mkimage/registry/patch.ts";
import { Kubectl } from "./kubectl.ts";
import { clusterTest } from "./kubernetes.ts";
import { until } from "./node.ts";
import { say, serveClusterImages } from "./served_images.ts";
import { Talosctl } from "./talosctl.ts";

const NAME = "several";
/** Addresses of the control planes among each other. */
const MASTERS = ["10.0.2.15", "10.0.2.16", "10.0.2.17"] as const;
/** How long the machines may take together, on two cores that have something else to do. */
const CREATE_MINUTES = 90;
/** The balancer asks every 2 s; a call that was on its way ends first. */
const FAIL_OVER_MS = 5 * 60_000;

clusterTest(
  "three control planes and a worker become Ready, and go on without the first",
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "cluster-create-" });
    await using served = await serveClusterImages(join(directory, "registry"));
    await using user = await Talosctl.make("");
    const kubeconfig = join(user.home, "kubeconfig");
    const kubectl = new Kubectl(served.kubectl, kubeconfig);
    try {
      const began = performance.now();
      const created = await user.run([
        ...["cluster", "create", "--name", NAME, "--masters", "3", "--workers", "1"],
        ...["--memory", "3072", "--wait-timeout", `${CREATE_MINUTES}m`],
        ...["--vmlinuz-path", join(DIST, "vmlinuz-amd64")],
        ...["--initrd-path", join(DIST, "initramfs-amd64.xz")],
        ...[
          "--config-patch",
          registryPatch(served.registry, served.images.map(({ name }) => name)),
        ],
      ], { KUBECONFIG: kubeconfig });
      say(created.stderr);
      assert.equal(created.code, 0, created.stderr);
      say(`Ready after ${Math.round((performance.now() - began) / 1_000)} s`);

      const names = [1, 2, 3].map((n) => `${NAME}-master-${n}`);
      assert.deepEqual(await readyNodes(kubectl), [...names, `${NAME}-worker-1`]);
      const members = await user.print(["etcd", "members"]);
      const row = members.trimEnd().split(/\s+/).at(-1) ?? "";
      assert.deepEqual(row.split(",").toSorted(), names);
      const memory = await user.print(["-n", MASTERS.join(), "memory"]);
      assert.deepEqual(firstColumn(memory), [...MASTERS]);

      const pidFile = join(user.home, ".talos", "clusters", NAME, `${NAME}-master-1`, "qemu.pid");
      Deno.kill(Number(await Deno.readTextFile(pidFile)), "SIGKILL");
      const [, ...left] = MASTERS;
      await until(async () => {
        const answer = await user.print(["-n", left.join(), "memory"]);
        assert.deepEqual(firstColumn(answer), left);
      }, FAIL_OVER_MS);
      await until(async () => {
        await kubectl.apply({
          ...{ apiVersion: "v1", kind: "ConfigMap", data: { after: "the first is gone" } },
          metadata: { name: "kept", namespace: "default" },
        });
      }, FAIL_OVER_MS);
      const kept = await kubectl.get("configmap", "kept", "-n", "default");
      assert.equal(kept.data.after, "the first is gone");

      const { code, stderr } = await user.run(["-n", left[0]!, "reset", "--graceful"]);
      assert.equal(code, 1);
      assert.match(stderr, /etcd member \w+ is not healthy; all members must be healthy/);
      assert.deepEqual(firstColumn(await user.print(["-n", left.join(), "memory"])), left);
    } finally {
      await user.run(["cluster", "destroy", "--name", NAME]);
      await Deno.remove(directory, { recursive: true });
    }
  },
);

async function readyNodes(kubectl: Kubectl): Promise<string[]> {
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
