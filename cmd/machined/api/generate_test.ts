import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { credentials, Talosconfig } from "$lib/talosconfig/mod.ts";
import { MachineConfig_MachineType as MachineType } from "$proto/machine/machine_pb.ts";
import { ConfigStore } from "../config/store.ts";
import { testConfig } from "../controllers/testing.ts";
import { generateApi } from "./generate.ts";
import { clientOf } from "./testing.ts";

function unconfigured() {
  return clientOf(generateApi({ config: new ConfigStore() }));
}

async function node(kind: "controlplane" | "join" = "controlplane") {
  const config = new ConfigStore();
  const running = config.accept((await testConfig(kind)).text, () => {}).config;
  return { running, client: clientOf(generateApi({ config })) };
}

const REQUEST = {
  configVersion: "v1alpha1",
  clusterConfig: {
    name: "mine",
    controlPlane: { endpoint: "https://10.5.0.1:6443" },
    clusterNetwork: {
      dnsDomain: "my.local",
      cniConfig: { name: "custom", urls: ["https://x.example/cni.yaml"] },
    },
    allowSchedulingOnMasters: true,
  },
  machineConfig: {
    type: MachineType.TYPE_CONTROL_PLANE,
    installConfig: { installDisk: "/dev/vda" },
    networkConfig: {
      hostname: "node-b",
      interfaces: [{
        interface: "eth0",
        cidr: "10.5.0.7/24",
        mtu: 1400,
        routes: [{ network: "0.0.0.0/0", gateway: "10.5.0.1", metric: 5 }],
      }, { interface: "eth1", dhcp: true, dhcpOptions: { routeMetric: 9 } }],
    },
  },
};

Deno.test("generateConfiguration() gives a valid configuration of the same cluster", async () => {
  const { client, running } = await node();
  const [message] = (await client.generateConfiguration(REQUEST)).messages;
  assert.equal(message?.data.length, 1);
  const log: string[] = [];
  const { config, text } = new ConfigStore().read(message!.data[0]!, (line) => log.push(line));
  assert.deepEqual(log, []);
  assert.match(text, /^ *# /m);
  const { machine, cluster } = config;
  assert.deepEqual(machine.ca, running.machine.ca);
  assert.equal(machine.token, running.machine.token);
  assert.deepEqual(cluster.etcd?.ca, running.cluster.etcd?.ca);
  assert.equal(machine.install?.disk, "/dev/vda");
  assert.equal(cluster.clusterName, "mine");
  assert.equal(cluster.network?.dnsDomain, "my.local");
  assert.deepEqual(cluster.network?.cni, { name: "custom", urls: ["https://x.example/cni.yaml"] });
  assert.equal(cluster.allowSchedulingOnMasters, true);
  assert.equal(machine.network?.hostname, "node-b");
  assert.deepEqual(machine.network?.interfaces, [
    {
      interface: "eth0",
      cidr: "10.5.0.7/24",
      mtu: 1400,
      routes: [{ network: "0.0.0.0/0", gateway: "10.5.0.1", metric: 5 }],
    },
    { interface: "eth1", mtu: 0, dhcp: true, dhcpOptions: { routeMetric: 9 } },
  ]);
});

Deno.test("generateConfiguration() gives a talosconfig whose certificate starts when asked", async () => {
  const { client, running } = await node();
  const overrideTime = timestampFromDate(new Date(Date.UTC(2030, 0, 1)));
  const [message] = (await client.generateConfiguration({ ...REQUEST, overrideTime })).messages;
  const talosconfig = Talosconfig.parse(new TextDecoder().decode(message?.talosconfig));
  assert.equal(talosconfig.current, "mine");
  const { crt } = credentials("mine", talosconfig.select("mine"));
  const certificate = new X509Certificate(crt);
  assert.ok(certificate.verify(new X509Certificate(running.machine.ca!.crt).publicKey));
  const startsMs = new Date(certificate.validFrom).getTime();
  assert.ok(Math.abs(startsMs - Date.UTC(2030, 0, 1)) <= 86_400_000, certificate.validFrom);
});

Deno.test("generateConfiguration() gives workers no keys of the control plane", async () => {
  const { client } = await node();
  const machineConfig = { ...REQUEST.machineConfig, type: MachineType.TYPE_JOIN };
  const [message] = (await client.generateConfiguration({ ...REQUEST, machineConfig })).messages;
  const { config } = new ConfigStore().read(message!.data[0]!, () => {});
  assert.match(config.machine.ca?.crt ?? "", /^-----BEGIN CERTIFICATE-----/);
  assert.equal(config.machine.ca?.key, "");
  assert.equal(config.cluster.ca?.key, "");
});

for (
  const { what, request, code, says } of [
    {
      what: "another version",
      request: { ...REQUEST, configVersion: "v2" },
      code: Code.InvalidArgument,
      says: /config version "v2" is not known/,
    },
    {
      what: "no type",
      request: { ...REQUEST, machineConfig: {} },
      code: Code.InvalidArgument,
      says: /machine_config\.type is none of/,
    },
    {
      what: "no endpoint",
      request: { ...REQUEST, clusterConfig: {} },
      code: Code.InvalidArgument,
      says: /^Cannot generate a configuration: .*endpoint/,
    },
    {
      what: "a time after the end of the CA",
      request: { ...REQUEST, overrideTime: { seconds: 2_600_000_000n, nanos: 0 } },
      code: Code.InvalidArgument,
      says: /^Cannot generate a configuration: /,
    },
    {
      what: "a time that is none",
      request: { ...REQUEST, overrideTime: { seconds: 1n << 60n, nanos: 0 } },
      code: Code.InvalidArgument,
      says: /^Cannot generate a configuration: /,
    },
  ]
) {
  Deno.test(`generateConfiguration() refuses ${what}`, async () => {
    const { client } = await node();
    await assert.rejects(client.generateConfiguration(request), (error) => {
      assert.ok(error instanceof ConnectError);
      assert.equal(Code[error.code], Code[code]);
      assert.match(error.rawMessage, says);
      return true;
    });
  });
}

Deno.test("generateConfiguration() refuses on a worker, which lacks the keys", async () => {
  const { client } = await node("join");
  await assert.rejects(client.generateConfiguration(REQUEST), (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.FailedPrecondition);
    assert.equal(error.rawMessage, "config can't be generated on worker nodes");
    return true;
  });
});

Deno.test("generateConfiguration() makes the secrets of a new cluster in maintenance mode", async () => {
  const client = unconfigured();
  const secrets = await Promise.all([1, 2].map(async () => {
    const { messages: [made] } = await client.generateConfiguration(REQUEST);
    const running = new ConfigStore().accept(made!.data[0]!, () => {}).config;
    assert.equal(running.cluster.clusterName, "mine");
    assert.equal(Talosconfig.parse(new TextDecoder().decode(made!.talosconfig)).current, "mine");
    return running.machine.token;
  }));
  assert.notEqual(secrets[0], secrets[1]);
});

Deno.test("generateConfiguration() gives nobody a node to join in maintenance mode", async () => {
  const request = { ...REQUEST, machineConfig: { type: MachineType.TYPE_JOIN } };
  await assert.rejects(unconfigured().generateConfiguration(request), (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], "InvalidArgument");
    assert.match(error.rawMessage, /maintenance mode/);
    return true;
  });
});
