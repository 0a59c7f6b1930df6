/**
 * One node from power-on to power-off: what boots is the signed image, every call answers a foreign
 * client, certificates renew under an open stream, reboot and shutdown do what they say.
 */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { encodePem, inspectCertificate, tlsKey } from "$lib/pki/mod.ts";
import { badCredentials, credentialOptions } from "../conformance/credentials.ts";
import { type CaseResult, pythonClient, pythonMissing } from "../conformance/python.ts";
import { bootTest } from "./boot_test_case.ts";
import { builtManifest } from "./built_manifest.ts";
import {
  BOOT_MS,
  CLUSTER_SERVICES,
  EVENT_MS,
  type Node,
  startNode,
  textOf,
  until,
} from "./node.ts";

/** Seconds that a certificate of this node lives; it is renewed at half of that. */
const CERTIFICATE_SECONDS = 120;
const RENEWALS = 3;

/** Services that every machine brings up by itself. */
const OWN_SERVICES = [
  "apid",
  "containerd",
  "cri",
  "machined",
  "networkd",
  "routerd",
  "timed",
  "trustd",
  "udevd",
];

const decoder = new TextDecoder();
let node: Node;
let directory: string;
/** The kernel log, followed by one call from the first answer to the end. */
const follow = { text: "", over: undefined as unknown, stop: new AbortController() };
const fingerprints = new Set<string>();

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "node-test-" });
});

Deno.test.afterAll(async () => {
  follow.stop.abort();
  await node?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

function read(path: string): Promise<string> {
  return textOf(node.machine.read({ path }, { timeoutMs: EVENT_MS }));
}

/** The public key that the API presents to a new connection. */
function fingerprint(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: node.address,
      port: 50000,
      ca: node.ca.crt,
      cert: node.admin.crt,
      key: tlsKey(node.admin.key),
      ALPNProtocols: ["h2"],
    }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(inspectCertificate(encodePem("CERTIFICATE", raw)).fingerprint);
    });
    socket.on("error", reject);
  });
}

async function followKernelLog(): Promise<void> {
  try {
    for await (
      const { bytes } of node.machine.dmesg({ follow: true }, { signal: follow.stop.signal })
    ) follow.text += decoder.decode(bytes);
    follow.over = "the stream ended";
  } catch (error) {
    follow.over = error;
  }
}

function allPass(results: readonly CaseResult[], atLeast: number): void {
  const failed = results.filter(({ pass }) => !pass).map((one) => `${one.case}: ${one.detail}`);
  assert.deepEqual(failed, []);
  assert.ok(results.length >= atLeast, `${results.length} cases ran, not ${atLeast}`);
}

/** Options of the foreign client for this node. */
async function clientOptions(
  pair = node.admin as typeof node.admin | undefined,
): Promise<string[]> {
  const credentials = await credentialOptions(directory, node.ca.crt, pair);
  return ["--endpoint", `${node.address}:50000`, ...credentials];
}

bootTest("a node boots the signed image and answers over mutual TLS", async () => {
  node = await startNode({ arguments: [`talos.api.certlife=${CERTIFICATE_SECONDS}`] });
  const seconds = await node.ready();
  Deno.stderr.writeSync(new TextEncoder().encode(`API answers after ${seconds.toFixed(1)} s\n`));
  followKernelLog();
  fingerprints.add(await fingerprint());
}, { bringsUp: true });

bootTest(
  "the kernel that answers is not the host's, and runs the image of the manifest",
  async () => {
    const manifest = await builtManifest();
    const { messages } = await node.machine.version({});
    assert.equal(messages[0]?.version?.tag, manifest.version);
    assert.ok(messages[0]?.version?.sha.includes(manifest.verity.rootHash), "root hash in version");
    const bootId = "/proc/sys/kernel/random/boot_id";
    assert.notEqual(await read(bootId), await Deno.readTextFile(bootId));
    const kernel = await read("/proc/version");
    assert.ok(kernel.includes(manifest.kernel), kernel);
    assert.notEqual(kernel, await Deno.readTextFile("/proc/version"));
    await until(async () => {
      assert.ok(follow.text.includes(manifest.verity.rootHash), "root hash in the kernel log");
      await Promise.resolve();
    }, EVENT_MS);
  },
);

bootTest("PID 1 is machined, its services are up, and the boot sequence ends", async () => {
  const { messages } = await node.machine.processes({}, { timeoutMs: EVENT_MS });
  const first = messages[0]?.processes.find(({ pid }) => pid === 1);
  assert.match(first?.args ?? "", /node\.js machined$/);
  await until(
    async () => {
      const services = (await node.machine.serviceList({})).messages[0]?.services ?? [];
      const ids = services.map(({ id }) => id);
      assert.deepEqual(ids, [...OWN_SERVICES, ...CLUSTER_SERVICES].toSorted());
      for (const { id, state, health } of services) {
        if (CLUSTER_SERVICES.includes(id)) continue;
        assert.equal(state, "Running", id);
        if (id !== "machined") assert.equal(health?.healthy, true, id);
      }
    },
    BOOT_MS,
    node.vm,
  );
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS);
});

bootTest("the root is read-only, and services run without the rights of root", async () => {
  const mounts = await read("/proc/mounts");
  assert.match(mounts, /^\/dev\/dm-0 \/ squashfs ro,/m);
  const { messages } = await node.machine.processes({}, { timeoutMs: EVENT_MS });
  for (const role of ["apid", "routerd"]) {
    const pid = messages[0]?.processes.find(({ args }) => args.endsWith(`node.js ${role}`))?.pid;
    const status = await read(`/proc/${pid}/status`);
    assert.match(status, /^CapEff:\t0{16}$/m, role);
    assert.match(status, /^CapBnd:\t0{16}$/m, role);
    assert.match(status, /^NoNewPrivs:\t1$/m, role);
    assert.doesNotMatch(status, /^Uid:\t0\t/m, role);
  }
  assert.equal((await read("/proc/sys/kernel/modules_disabled")).trim(), "1");
  assert.equal((await read("/proc/sys/kernel/kptr_restrict")).trim(), "2");
});

const python = { unless: pythonMissing() };

bootTest("grpcio calls every method of the node", async () => {
  const client = await pythonClient();
  allPass(await client.run("calls", await clientOptions()), 25);
}, python);

bootTest("grpcio asks two nodes of which one is dead, and unknown methods", async () => {
  const client = await pythonClient();
  const nodes = ["--node", "127.0.0.1", "--dead", "127.0.0.1:1"];
  allPass(await client.run("nodes", [...await clientOptions(), ...nodes]), 9);
  allPass(await client.run("unknown", await clientOptions()), 5);
}, python);

bootTest("grpcio is refused special files, and every call without a good certificate", async () => {
  const client = await pythonClient();
  const paths = ["etc/os-release", "/proc/kmsg", "/proc/1/mem", "/proc/kcore", "/dev/watchdog"];
  const files = [...await clientOptions(), ...paths.flatMap((path) => ["--path", path])];
  allPass(await client.run("files", files), 3);
  for (const { label, pair } of await badCredentials(node.ca)) {
    if (label !== "no certificate" && label !== "another CA") continue;
    const credentials = await credentialOptions(directory, node.ca.crt, pair);
    const options = ["--endpoint", `${node.address}:50000`, ...credentials, "--label", label];
    allPass(await client.run("refused", options), 25);
  }
}, python);

bootTest(`one stream lives over ${RENEWALS} renewals of the certificate`, async () => {
  const deadlineMs = (RENEWALS + 1) * CERTIFICATE_SECONDS * 1_000;
  await until(
    async () => {
      fingerprints.add(await fingerprint());
      assert.ok(fingerprints.size > RENEWALS, `${fingerprints.size - 1} renewals`);
    },
    deadlineMs,
    node.vm,
  );
  assert.equal(follow.over, undefined, "the stream is open");
  const before = follow.text.length;
  // A call that logs a line: the stream delivers it.
  await node.machine.serviceRestart({ id: "timed" });
  await until(async () => {
    assert.ok(follow.text.length > before, "the stream delivers");
    await Promise.resolve();
  }, EVENT_MS);
});

bootTest("reboot gives another boot, and the console shows the sequence", async () => {
  const path = "/proc/sys/kernel/random/boot_id";
  const before = await read(path);
  follow.stop.abort();
  const from = (await node.vm.console()).length;
  await node.machine.reboot({});
  await node.vm.until(/reboot sequence: done/, EVENT_MS, from);
  await node.vm.until(/Run \/init as init process/, BOOT_MS, from);
  await until(async () => assert.notEqual(await read(path), before), BOOT_MS, node.vm);
}, { bringsUp: true });

bootTest("shutdown ends the machine", async () => {
  await node.machine.shutdown({});
  await node.vm.off(EVENT_MS);
});
