import assert from "node:assert/strict";
import {
  createSecrets,
  generateConfigs,
  parseConfig,
  parsePatch,
  validateConfig,
} from "$lib/config/mod.ts";
import { addContext, contextOf, Talosconfig } from "$lib/talosconfig/mod.ts";
import { generate, readGenerated } from "./generate.ts";
import { DEFAULT_NETWORK, planNetwork } from "./network.ts";
import type { NodeState } from "./state.ts";

const NODE: NodeState = {
  name: "c-master-1",
  type: "controlplane",
  address: "127.0.0.2",
  ip: "10.0.2.15",
  uuid: "",
  ...{ cpus: 2, memoryBytes: 0, diskBytes: 0 },
};
const NETWORK = planNetwork(DEFAULT_NETWORK);
const ENDPOINT = "https://127.0.0.2:6443";
const PEM = { ca: "-----BEGIN A", crt: "-----BEGIN B", key: "-----BEGIN C" };

Deno.test("generate() makes a node that runs everything, with the patch applied", async () => {
  const patch = parsePatch(
    '[{"op": "add", "path": "/machine/registries/config", ' +
      '"value": {"r:5000": {"tls": {"insecureSkipVerify": true}}}}]',
  );
  const asked = { name: "c", network: NETWORK, config: { debug: true }, patch };
  const { configs } = await generate(asked, [NODE], ENDPOINT, ["pti=auto"]);
  const config = configs.get(NODE.name) ?? "";
  const { raw, errors } = parseConfig(config);
  assert.deepEqual(errors, []);
  assert.equal(raw?.debug, true);
  assert.equal(raw?.cluster?.allowSchedulingOnMasters, true);
  assert.equal(raw?.cluster?.controlPlane?.endpoint, "https://127.0.0.2:6443");
  assert.deepEqual(raw?.machine?.install?.extraKernelArgs, ["pti=auto"]);
  assert.equal(raw?.machine?.registries?.config?.["r:5000"]?.tls?.insecureSkipVerify, true);
});

Deno.test("generate() refuses a patch that breaks the configuration, with the field", async () => {
  const patch = parsePatch(
    '[{"op": "replace", "path": "/cluster/controlPlane/endpoint", "value": ""}]',
  );
  await assert.rejects(
    generate({ name: "c", network: NETWORK, config: {}, patch }, [NODE], ENDPOINT, []),
    /Cannot use --config-patch: [\s\S]*endpoint/,
  );
});

Deno.test("readGenerated() takes what gen config left, with the patch applied", async () => {
  const folder = await Deno.makeTempDir();
  const secrets = await createSecrets({ now: new Date() });
  const endpoint = "https://k:6443";
  const { controlplane } = generateConfigs({ clusterName: "c", endpoint, secrets });
  await Deno.writeTextFile(`${folder}/controlplane.yaml`, controlplane);
  const talosconfig = addContext(Talosconfig.empty(), "c", contextOf(PEM)).toString();
  await Deno.writeTextFile(`${folder}/talosconfig`, talosconfig);
  const patch = parsePatch('[{"op": "replace", "path": "/debug", "value": true}]');
  const { configs, credentials } = await readGenerated({ files: Deno }, folder, { patch }, [NODE]);
  assert.equal(configs.get(NODE.name), controlplane.replace("debug: false", "debug: true"));
  assert.deepEqual(credentials, PEM);
  await assert.rejects(
    readGenerated({ files: Deno }, folder, { patch }, [{ ...NODE, type: "init" }]),
    /Cannot read ".*init.yaml": no such file/,
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("generate() makes one cluster of several machines: same secrets, names of their own", async () => {
  const worker: NodeState = { ...NODE, name: "c-worker-1", type: "join", address: "127.0.0.3" };
  const asked = { name: "c", network: NETWORK, config: {}, patch: [] };
  const { configs } = await generate(asked, [NODE, worker], "https://10.0.2.2:7443", []);
  const [master, joining] = [NODE, worker].map(({ name }) => {
    const { config, errors } = parseConfig(configs.get(name) ?? "");
    assert.deepEqual(errors, []);
    assert.equal(config?.machine.network?.hostname, name);
    assert.equal(config?.cluster.controlPlane.endpoint, "https://10.0.2.2:7443");
    return config!;
  });
  assert.ok(master && joining);
  assert.equal(master.cluster.allowSchedulingOnMasters ?? false, false);
  assert.equal(master.cluster.etcd?.extraArgs?.["election-timeout"], "5000");
  for (const component of [master.cluster.controllerManager, master.cluster.scheduler]) {
    assert.equal(component?.extraArgs?.["leader-elect-lease-duration"], "180s");
  }
  assert.equal(joining.cluster.etcd, undefined);
  assert.equal(joining.machine.type, "worker");
  assert.deepEqual(joining.machine.ca, { crt: master.machine.ca?.crt, key: "" });
  assert.equal(joining.machine.token, master.machine.token);
  assert.equal(joining.cluster.token, master.cluster.token);
  assert.deepEqual(joining.machine.certSANs, ["127.0.0.3"]);
  assert.deepEqual(master.machine.certSANs, ["127.0.0.1", "127.0.0.2"]);
});

Deno.test("generate() gives control planes the shared address, and all the name servers", async () => {
  const worker: NodeState = { ...NODE, name: "c-worker-1", type: "join", address: "127.0.0.3" };
  const network = planNetwork({
    ...{ cidr: "10.5.0.0/24", mtu: 1400, nameservers: ["10.5.0.3", "1.1.1.1"], useVip: true },
  });
  const node = { ...NODE, ip: "10.5.0.15" };
  const asked = { name: "c", network, config: {}, patch: [] };
  const { configs } = await generate(asked, [node, worker], "https://10.5.0.50:6443", []);
  const [master, joining] = [node, worker].map(({ name }) => {
    const parsed = parseConfig(configs.get(name) ?? "");
    assert.deepEqual(validateConfig(parsed, { mode: "metal" }).errors, []);
    return parsed.config?.machine.network;
  });
  assert.deepEqual(master?.interfaces, [{
    ...{ interface: "eth0", cidr: "10.5.0.15/24", mtu: 0, vip: { ip: "10.5.0.50" } },
    routes: [{ network: "0.0.0.0/0", gateway: "10.5.0.2" }],
  }]);
  assert.equal(joining?.interfaces, undefined);
  assert.deepEqual(joining?.nameservers, ["10.5.0.3", "1.1.1.1"]);
});
