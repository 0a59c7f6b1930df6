/**
 * talosctl against a node in maintenance mode: apid's own side of it, and machined's handlers behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { inspectCertificate, selfSignedServer } from "$lib/pki/mod.ts";
import { serveUnix } from "$lib/rpc/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import { Talosconfig } from "$lib/talosconfig/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { startMaintenance } from "../../cmd/apid/maintenance.ts";
import { ConfigChanges } from "../../cmd/machined/api/config_changes.ts";
import { configurationApi } from "../../cmd/machined/api/configuration.ts";
import { generateApi } from "../../cmd/machined/api/generate.ts";
import { SavedConfig } from "../../cmd/machined/config/saved.ts";
import { ConfigStore } from "../../cmd/machined/config/store.ts";
import { testConfig } from "../../cmd/machined/controllers/testing.ts";
import type { Screen } from "../../cmd/talosctl/host.ts";
import { Home } from "./spec.ts";

/** A node that waits for its configuration, and a user who wants to bring one. */
async function world() {
  const home = await Home.make();
  const config = new ConfigStore();
  const changes = new ConfigChanges({
    config,
    savedConfig: new SavedConfig(),
    power: { request: () => {} },
    installFault: () => Promise.resolve(undefined),
    prepareState: () => Promise.resolve(),
    log: () => {},
    clock: systemClock,
  });
  const routerSocket = home.at("routerd.sock");
  const backend = await serveUnix(routerSocket, (router) => {
    router.service(MachineService, {
      ...generateApi({ config }),
      ...configurationApi({ changes }),
    });
    router.service(NetworkService, {
      interfaces: () => ({ messages: [{ interfaces: [{ name: "lo" }, { name: "eth0" }] }] }),
    });
    router.service(StorageService, {
      disks: () => ({
        messages: [{
          disks: [
            { deviceName: "/dev/sda", size: 8_000_000_000n, model: "SLOW" },
            { deviceName: "/dev/vda", size: 6_442_450_944n, model: "", serial: "disk-1" },
          ],
        }],
      }),
    });
  });
  const now = new Date();
  const { crt, key } = await selfSignedServer({ now, lifetimeMs: 3_600_000 });
  const api = await startMaintenance({
    host: "127.0.0.1",
    port: 0,
    routerSocket,
    identity: { ca: crt, cert: crt, key },
    log: () => {},
  });
  return {
    home,
    running: () => config.running.value,
    node: `127.0.0.1:${api.port}`,
    fingerprint: inspectCertificate(crt).fingerprint,
    async [Symbol.asyncDispose]() {
      await api.close();
      await backend.close();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** A terminal whose user types these texts, one after the other. */
function typing(texts: readonly string[]): Screen & { readonly drawn: string[] } {
  const rest = [...texts];
  const drawn: string[] = [];
  return {
    drawn,
    size: () => ({ columns: 80, rows: 30 }),
    paint: (lines) => void drawn.push(lines.join("\n")),
    draw: (text) => void drawn.push(text),
    key: () => Promise.resolve(rest.shift() ?? "\x03"),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

Deno.test("talosctl apply-config --insecure brings a file to the node with that fingerprint", async () => {
  await using it = await world();
  const { text } = await testConfig();
  await Deno.writeTextFile("c.yaml", text);
  const args = ["apply-config", "--insecure", "-n", it.node, "-f", "c.yaml"];
  const wrong = await it.home.run([...args, "--cert-fingerprint", "AAAA"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /none of the pinned fingerprints/);
  assert.equal(it.running(), undefined);
  const right = await it.home.run([...args, "--cert-fingerprint", it.fingerprint]);
  assert.deepEqual(right, { code: 0, stdout: "", stderr: "" });
  assert.equal(it.running()?.text, text);
});

Deno.test("talosctl disks --insecure lists what the node could be installed to", async () => {
  await using it = await world();
  const { code, stdout } = await it.home.run(["disks", "--insecure", "-n", it.node]);
  assert.equal(code, 0);
  assert.match(stdout, /\/dev\/sda +SLOW +8\.0 GB\n.*\/dev\/vda +disk-1 +6\.4 GB\n/);
});

for (
  const { flags, says } of [
    { flags: [], says: /requires one and only one node, got 0/ },
    { flags: ["-n", "a,b"], says: /requires one and only one node, got 2/ },
    { flags: ["-n", "a", "--dry-run"], says: /maintenance mode knows no --dry-run/ },
  ]
) {
  Deno.test(`talosctl apply-config --insecure ${flags.join(" ")} is refused`, async () => {
    await using home = await Home.make();
    await Deno.writeTextFile("c.yaml", "x: 1\n");
    const run = await home.run(["apply-config", "--insecure", "-f", "c.yaml", ...flags]);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, says);
  });
}

Deno.test("talosctl apply-config --interactive asks field by field and joins the talosconfig", async () => {
  await using it = await world();
  const next = "\t";
  const screen = typing([
    // Sent at once: the first field that lacks a value says so.
    "\x1b[A\r",
    "mine",
    // Type, name, endpoint: cleared and typed anew.
    `${next}\x15https://10.5.0.1:6443`,
    `${next}${next} ${next} `,
    `${next}${next}node-a`,
    // A network of ours for the pods, and a fixed address.
    `${next}${next} ${next}https://x.example/cni.yaml`,
    `${next}\x1b[C\x1b[C${next}10.5.0.7/24${next}10.5.0.1`,
    `${next}\r`,
  ]);
  const args = ["apply-config", "--insecure", "--interactive", "-n", it.node];
  const run = await it.home.run(args, {}, { screen: () => screen });
  assert.equal(run.code, 0, `${run.stderr}\n${screen.drawn.at(-1)}`);
  assert.match(screen.drawn[1] ?? "", /Cluster name: a value is needed/);
  assert.match(screen.drawn[0] ?? "", /\/dev\/sda {2}8\.0 GB {2}SLOW/);
  const { machine, cluster } = it.running()!.config;
  assert.equal(cluster.clusterName, "mine");
  assert.equal(cluster.controlPlane?.endpoint, "https://10.5.0.1:6443");
  assert.equal(cluster.allowSchedulingOnMasters, true);
  assert.equal(machine.type, "controlplane");
  assert.equal(machine.install?.disk, "/dev/vda");
  assert.equal(machine.network?.hostname, "node-a");
  assert.deepEqual(cluster.network?.cni?.urls, ["https://x.example/cni.yaml"]);
  const [eth0] = machine.network?.interfaces ?? [];
  assert.equal(eth0?.cidr, "10.5.0.7/24");
  assert.equal(eth0?.routes?.[0]?.gateway, "10.5.0.1");
  const talosconfig = Talosconfig.parse(await Deno.readTextFile(it.home.at(".talos/config")));
  assert.equal(talosconfig.current, "mine");
  assert.deepEqual(talosconfig.find("mine")?.nodes, [it.node]);
});

Deno.test("talosctl apply-config --interactive shows what the node has against it, and can be left", async () => {
  await using it = await world();
  // A domain that is none: only the node finds out.
  const screen = typing(["\tmine", "\t".repeat(7), "\x15-x-", "\x1b[A".repeat(9), "\r", "\x1b"]);
  const args = ["apply-config", "--insecure", "--interactive", "-n", it.node];
  const run = await it.home.run(args, {}, { screen: () => screen });
  assert.deepEqual([run.code, run.stderr], [0, "nothing was applied\n"]);
  assert.match(screen.drawn.at(-1) ?? "", /"-x-" is not a valid DNS name/);
  assert.equal(it.running(), undefined);
});
