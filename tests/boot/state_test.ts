/**
 * The state of one node as its users see it: how the configuration gets there without a URL, every
 * example of "Controllers and Resources" in the documentation, and changes of the configuration.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { tlsTransport } from "$lib/rpc/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { credentialOptions } from "../conformance/credentials.ts";
import { pythonClient, pythonMissing } from "../conformance/python.ts";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { configVolume, isoToolMissing } from "./config_volume.ts";
import { BOOT_MS, type Node, startNode, until } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const KINDS = [
  "bootstrapstatuses.v1alpha1.talos.dev",
  "etcdsecrets.secrets.talos.dev",
  "kubernetescontrolplaneconfigs.config.talos.dev",
  "kubernetessecrets.secrets.talos.dev",
  "machineconfigs.config.talos.dev",
  "machinetypes.config.talos.dev",
  "manifests.kubernetes.talos.dev",
  "manifeststatuses.kubernetes.talos.dev",
  "namespaces.meta.cosi.dev",
  "resourcedefinitions.meta.cosi.dev",
  "rootsecrets.secrets.talos.dev",
  "secretstatuses.kubernetes.talos.dev",
  "services.v1alpha1.talos.dev",
  "staticpods.kubernetes.talos.dev",
  "staticpodstatuses.kubernetes.talos.dev",
  "timestatuses.v1alpha1.talos.dev",
];
const NAMESPACES = ["config", "controlplane", "extras", "meta", "network", "runtime", "secrets"];
/** How long a change may take to show. */
const SHOW_MS = 240_000;

let node: Node;
let user: Talosctl;
let yaml = "";
let directory = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "state-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** A transport of somebody that nobody knows. */
function stranger() {
  return tlsTransport({ host: node.address, port: 50000, timeoutMs: 60_000 });
}

/** The rows of a table, cut into cells. */
function rows(table: string): string[][] {
  return table.trimEnd().split("\n").map((line) => line.trim().split(/ {2,}/));
}

function waitFor(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  return until(async () => assert.ok(await condition(), what()), SHOW_MS, node.vm);
}

function applyInsecure(...args: string[]): string[] {
  return ["apply-config", "--insecure", "--nodes", node.address, ...args];
}

bootTest("a machine without a configuration asks for one on its console", async () => {
  const disk = join(directory, "disk.raw");
  await blankDisk(disk, 64 << 20);
  node = await startNode({
    arguments: ["talos.config=none"],
    memoryMib: 2048,
    disks: [disk],
    config: (text) => yaml = text,
  });
  user = await Talosctl.administrator(node);
  await user.file("config.yaml", yaml);
  const [, guest] = await node.vm.until(
    /talosctl apply-config --insecure --nodes (\S+) \\\s+--cert-fingerprint '/,
    BOOT_MS,
  );
  assert.match(guest ?? "", /^10\.0\.2\.\d+$|:/);
});

bootTest("in maintenance mode a stranger may make four calls, and no other", async () => {
  const transport = stranger();
  const machine = createClient(MachineService, transport);
  await until(() => assert.rejects(machine.version({}), isUnimplemented), BOOT_MS, node.vm);
  await assert.rejects(machine.reboot({}), isUnimplemented);
  await assert.rejects(machine.generateConfiguration({}), /config version/);
  const links = (await createClient(NetworkService, transport).interfaces({})).messages[0];
  assert.ok(links?.interfaces.some(({ name }) => name === "lo"));
  const disks = (await createClient(StorageService, transport).disks({})).messages[0]?.disks;
  assert.deepEqual(disks?.map(({ deviceName, size }) => [deviceName, size]), [
    ["/dev/vda", 64n << 20n],
  ]);
  transport.close();
});

function isUnimplemented(error: unknown): boolean {
  assert.ok(error instanceof ConnectError);
  assert.equal(Code[error.code], "Unimplemented", error.message);
  return true;
}

bootTest(
  "talosctl brings the configuration, to the machine with that fingerprint only",
  async () => {
    const [, fingerprint = ""] = await node.vm.until(/--cert-fingerprint '([^']+)'/, SHOW_MS);
    const wrong = await user.run(
      applyInsecure("--cert-fingerprint", "AAAA", "--file", "config.yaml"),
    );
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /none of the pinned fingerprints/);
    const nonsense = await user.file("nonsense.yaml", "machine: {type: 7}\n");
    const refused = await user.run(applyInsecure("--file", nonsense));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /machine\.type|cluster instructions are required/);
    await user.print(applyInsecure("--cert-fingerprint", fingerprint, "--file", "config.yaml"));
    await node.ready();
    await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS);
    const transport = stranger();
    await assert.rejects(createClient(MachineService, transport).version({}));
    transport.close();
  },
);

bootTest("talosctl get lists the types and the namespaces", async () => {
  const types = rows(await user.print(["get", "rd"]));
  assert.deepEqual(types[0], ["NODE", "NAMESPACE", "TYPE", "ID", "VERSION"]);
  assert.deepEqual(types.slice(1).map((row) => row[3]).filter((id) => KINDS.includes(id!)), KINDS);
  assert.ok(types.slice(1).every((row) => row[0] === node.address));
  assert.ok(types.slice(1).every((row) => row[2] === "ResourceDefinition" && row[4] === "1"));
  const namespaces = rows(await user.print(["get", "namespaces"]));
  assert.deepEqual(namespaces.slice(1).map((row) => row.slice(1)), [
    ...NAMESPACES.map((name) => ["meta", "Namespace", name, "1"]),
  ]);
  const one = rows(await user.print(["get", "ns", "config"]));
  assert.deepEqual(one.slice(1), [[node.address, "meta", "Namespace", "config", "1"]]);
});

bootTest("talosctl get shows a definition as YAML, and refuses an alias of two types", async () => {
  const id = "resourcedefinitions.meta.cosi.dev";
  const text = await user.print(["get", "rd", id, "-o", "yaml"]);
  for (
    const part of [
      `node: ${node.address}\n`,
      "metadata:\n    namespace: meta\n    type: ResourceDefinitions.meta.cosi.dev\n",
      `    id: ${id}\n    version: 1\n    phase: running\n`,
      "spec:\n    type: ResourceDefinitions.meta.cosi.dev\n    displayType: ResourceDefinition\n",
      "        - resourcedefinitions.meta.cosi\n        - rd\n        - rds\n",
      "    printColumns: []\n    defaultNamespace: meta\n",
    ]
  ) assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
  const { code, stderr } = await user.run(["get", "sps"]);
  assert.equal(code, 1);
  assert.match(stderr, /"sps" is ambiguous: .*staticpods.*staticpodstatuses/i);
});

bootTest("talosctl get mc -o yaml gives the configuration with its comments", async () => {
  const text = await user.print(["get", "machineconfig", "-o", "yaml"]);
  assert.match(text, /^ {4}id: v1alpha1$/m);
  assert.equal(specOf(text), `${yaml.trimEnd()}\n`);
  assert.match(text, /# Indicates the schema used to decode the contents\./);
  const json = JSON.parse(await user.print(["get", "mc", "v1alpha1", "-o", "json"]));
  assert.equal(json.spec.version, "v1alpha1");
});

bootTest("talosctl get svc -w tells of a service that restarts", async () => {
  await using watch = user.follow(["get", "svc", "-w"]);
  const row = (mark: string) => new RegExp(`^\\S+ +${mark} +runtime +Service +timed +\\d+`, "m");
  await waitFor(() => row("\\+").test(watch.text), () => watch.text);
  assert.match(
    watch.text,
    /^NODE +\* +NAMESPACE +TYPE +ID +VERSION +RUNNING +HEALTHY\n/,
  );
  const before = watch.text.length;
  await user.print(["service", "timed", "restart"]);
  const later = () => watch.text.slice(before);
  await waitFor(() => row("-").test(later()) && row("\\+").test(later()), () => watch.text);
});

bootTest("talosctl inspect dependencies draws a graph that dot takes", async () => {
  for (const more of [[], ["--with-resources"]]) {
    const graph = await user.print(["inspect", "dependencies", ...more]);
    assert.match(graph, /^digraph {2}\{/);
    assert.match(graph, /config\.MachineTypeController/);
    if (more.length > 0) assert.match(graph, /kube-apiserver/);
    const dot = new Deno.Command("dot", { args: ["-Tpng"], stdin: "piped", stdout: "piped" })
      .spawn();
    const png = dot.output();
    const writer = dot.stdin.getWriter();
    await writer.write(new TextEncoder().encode(graph));
    await writer.close();
    const { success, stdout } = await png;
    assert.ok(success);
    assert.deepEqual([...stdout.subarray(1, 4)], [0x50, 0x4e, 0x47]);
  }
});

bootTest("grpcio reads the state", async () => {
  const client = await pythonClient();
  const credentials = await credentialOptions(directory, node.ca.crt, node.admin);
  const options = ["--endpoint", `${node.address}:50000`, ...credentials, "--timeout", "60"];
  const results = await client.run("state", options);
  assert.deepEqual(results.filter(({ pass }) => !pass), []);
  assert.ok(results.length >= 9, `${results.length} cases`);
}, { unless: pythonMissing() });

/** The text of the configuration that runs. */
async function running(): Promise<string> {
  return specOf(await user.print(["get", "mc", "-o", "yaml"]));
}

/** What a resource's YAML has below `spec`. */
function specOf(text: string): string {
  return `${text.slice(text.indexOf("spec:\n") + 6).replaceAll(/^ {4}/gm, "").trimEnd()}\n`;
}

function patchOf(path: string, value: unknown): string[] {
  return ["-p", JSON.stringify([{ op: "replace", path, value }])];
}

bootTest("a patch changes one line at once, and the controllers follow", async () => {
  const before = (await running()).split("\n");
  const patch = ["patch", "mc", "--immediate"];
  const said = await user.print([...patch, ...patchOf("/cluster/clusterName", "patched")]);
  assert.equal(said, `patched mc at the node ${node.address}\n`);
  const changed = (await running()).split("\n").filter((line, i) => line !== before[i]);
  assert.deepEqual(changed.map((line) => line.replace(/ #.*/, "").trim()), [
    "clusterName: patched",
  ]);
  await user.print([...patch, ...patchOf("/cluster/scheduler", { extraArgs: { v: "4" } })]);
  await waitFor(
    async () => /v: "?4/.test(await user.print(["get", "kcpc", "kube-scheduler", "-o", "yaml"])),
    () => "kube-scheduler has no argument v",
  );
  const same = await user.print([...patch, ...patchOf("/cluster/clusterName", "patched")]);
  assert.equal(same, "Apply was skipped: no changes detected.\n");
});

bootTest("edit takes what a scripted editor saves, comments and all", async () => {
  const editor = { TALOS_EDITOR: "sed -i 's/clusterName: patched/clusterName: edited/'" };
  await user.print(["edit", "machineconfig", "--immediate"], editor);
  const text = await running();
  assert.match(text, /clusterName: edited/);
  assert.match(text, /# Indicates the schema used to decode the contents\./);
});

bootTest("what a running machine cannot take up is refused with the difference", async () => {
  const before = await running();
  const args = ["patch", "mc", ...patchOf("/machine/certSANs", ["192.0.2.7"])];
  const immediate = await user.run([...args, "--immediate"]);
  assert.equal(immediate.code, 1);
  assert.match(immediate.stderr, /can't be applied in immediate mode\s+diff: @@[^]*192\.0\.2\.7/);
  for (const mode of [[], ["--on-reboot"]]) {
    const { code, stderr } = await user.run([...args, ...mode]);
    assert.equal(code, 1);
    assert.match(stderr, /this node has no STATE volume/);
  }
  const dry = await user.run([...args, "--dry-run", "--immediate"]);
  assert.equal(dry.code, 1);
  assert.match(dry.stdout, /^\+.*192\.0\.2\.7$/m);
  assert.match(dry.stderr, /would be refused: this config change can't be applied/);
  await user.print(["gen", "config", "other", "https://127.0.0.1:6443", "-o", "other"]);
  const other = await user.run(["apply-config", "--immediate", "-f", "other/controlplane.yaml"]);
  assert.match(other.stderr, /of another cluster/);
  assert.equal(await running(), before);
});

bootTest("a tried configuration takes itself back, or stays when it is confirmed", async () => {
  const tried = patchOf("/cluster/clusterName", "tried");
  const diff = await user.print(["patch", "mc", "--dry-run", "--immediate", ...tried]);
  assert.match(diff, /^\+.*clusterName: tried$/m);
  assert.match(await running(), /clusterName: edited/);
  await user.print(["patch", "mc", "--try", "--timeout", "40s", ...tried]);
  assert.match(await running(), /clusterName: tried/);
  await waitFor(
    async () => /clusterName: edited/.test(await running()),
    () => "the configuration was not taken back",
  );
  await user.print(["patch", "mc", "--try", "--timeout", "10m", ...tried]);
  await user.print(["apply-config", "--confirm"]);
  // Nothing is left that could take it back.
  assert.match((await user.run(["apply-config", "--confirm"])).stderr, /none is being tried/);
  assert.match(await running(), /clusterName: tried/);
});

bootTest(
  "a large configuration is read beside the main loop, one that is too large is not",
  async () => {
    const apply = async (bytes: number) => {
      const text = `${await running()}# ${"x".repeat(bytes)}\n`;
      return await user.run(["apply-config", "--immediate", "-f", await user.file("big", text)]);
    };
    assert.deepEqual(await apply(600_000), { code: 0, stdout: "", stderr: "" });
    const { code, stderr } = await apply(4 << 20);
    assert.equal(code, 1);
    assert.match(stderr, /bytes are more than the limit of 4194304/);
  },
);

bootTest(
  "a machine boots with what gen config wrote, from a volume labelled metal-iso",
  async () => {
    // The first machine makes room: two of them slow each other down.
    await node[Symbol.asyncDispose]();
    // Certificates have to name the address, and gen config comes before the machine.
    const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint8Array(3));
    const address = `127.${60 + a % 20}.${b}.${1 + c % 254}`;
    const options = ["--install-disk", "/dev/vda", "--additional-sans", address];
    node = await startNode({
      arguments: ["talos.config=metal-iso"],
      memoryMib: 2048,
      forwards: [{ address, port: 50000, guestPort: 50000 }],
      args: ["-device", "ide-cd,drive=cd", "-drive", `${await iso(options)},id=cd`],
    });
    const client = ["--talosconfig", "files/talosconfig", "-e", address, "-n", address];
    await until(
      async () => assert.match(await user.print([...client, "version"]), /NODE:/),
      BOOT_MS,
      node.vm,
    );
    const text = await user.print([...client, "get", "mc", "-o", "yaml"]);
    const written = await Deno.readTextFile(join(user.home, "files/controlplane.yaml"));
    assert.equal(specOf(text), `${written.trimEnd()}\n`);
    await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS);
  },
  { unless: await isoToolMissing() },
);

/** Options of a drive with an ISO that holds the control plane's configuration of a new cluster. */
async function iso(options: readonly string[]): Promise<string> {
  await user.print(["gen", "config", "iso", "https://127.0.0.1:6443", "-o", "files", ...options]);
  const file = join(user.home, "metal.iso");
  configVolume(file, await Deno.readTextFile(join(user.home, "files/controlplane.yaml")));
  return `file=${file},format=raw,if=none,media=cdrom,readonly=on`;
}
