import assert from "node:assert/strict";
import * as tls from "node:tls";
import type { DescService } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { selfSignedServer } from "$lib/pki/mod.ts";
import { frameOf, type GrpcServer, type Identity, serveUnix } from "$lib/rpc/mod.ts";
import { RawClient, temporaryFolder, TestPki } from "$lib/rpc/testing.ts";
import { ClusterService } from "$proto/cluster/cluster_pb.ts";
import { ConfigurationService } from "$proto/configuration/configuration_pb.ts";
import { InspectService } from "$proto/inspect/inspect_pb.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import { type Apid, startApid } from "./apid.ts";
import { Front } from "./front.ts";
import { startMaintenance } from "./maintenance.ts";

const EMPTY = frameOf(new Uint8Array(0));
const SERVICES: readonly DescService[] = [
  ClusterService,
  ConfigurationService,
  InspectService,
  MachineService,
  NetworkService,
  ResourceService,
  StorageService,
  TimeService,
];

async function selfSigned(): Promise<Identity> {
  const { crt, key } = await selfSignedServer({
    subject: { commonName: "maintenance" },
    now: new Date(),
    lifetimeMs: 3_600_000,
  });
  return { ca: crt, cert: crt, key };
}

/** Everything behind apid; `apply` is what the call that brings a configuration takes. */
function behind(socket: string, apply = () => Promise.resolve()): Promise<GrpcServer> {
  return serveUnix(socket, (router) => {
    router.service(MachineService, {
      applyConfiguration: () => apply().then(() => ({ messages: [{}] })),
      generateConfiguration: () => ({}),
      version: () => ({ messages: [{ version: { tag: "leaked" } }] }),
    });
    router.service(NetworkService, { interfaces: () => ({}) });
    router.service(StorageService, { disks: () => ({}) });
  });
}

Deno.test("startMaintenance() lets anyone make four calls, whoever they name, and no other", async () => {
  await using folder = await temporaryFolder();
  const routerSocket = `${folder.path}/routerd.sock`;
  const backend = await behind(routerSocket);
  const api = await startMaintenance({
    host: "127.0.0.1",
    port: 0,
    routerSocket,
    identity: await selfSigned(),
    log: () => {},
  });
  await using raw = await RawClient.connect({ host: "127.0.0.1", port: api.port, identity: {} });
  const open: string[] = [];
  for (const service of SERVICES) {
    for (const { name } of service.methods) {
      const path = `/${service.typeName}/${name}`;
      const { status, messages } = await raw.call(path, EMPTY, { nodes: "127.0.0.9" });
      if (status?.code === 0) {
        open.push(path);
        continue;
      }
      assert.equal(status?.code, Code.Unimplemented, path);
      assert.match(status.message, /this node is in maintenance mode/);
      assert.deepEqual(messages, []);
    }
  }
  const apply = "/machine.MachineService/ApplyConfiguration";
  const heavy = await raw.call(apply, frameOf(new Uint8Array(5 << 20)));
  assert.equal(heavy.status?.code, Code.ResourceExhausted);
  assert.deepEqual(open, [
    "/machine.MachineService/ApplyConfiguration",
    "/machine.MachineService/GenerateConfiguration",
    "/network.NetworkService/Interfaces",
    "/storage.StorageService/Disks",
  ]);
  await api.close();
  await backend.close();
});

Deno.test("Front goes from maintenance to the node's API without losing the answer that led there", async () => {
  await using folder = await temporaryFolder();
  const routerSocket = `${folder.path}/routerd.sock`;
  const applied = Promise.withResolvers<void>();
  const backend = await behind(routerSocket, () => applied.promise);
  const common = { host: "127.0.0.1", port: 0, routerSocket, log: () => {} };
  const front = new Front({
    maintenance: (identity) => startMaintenance({ ...common, identity }),
    node: (identity): Promise<Apid> =>
      startApid({
        ...common,
        identity,
        socket: `${folder.path}/apid.sock`,
        nodePort: () => 0,
      }),
  });
  assert.equal(
    await front.show({ kind: "maintenance", identity: await selfSigned() }),
    "opened",
  );
  const port = front.port ?? 0;
  await using raw = await RawClient.connect({ host: "127.0.0.1", port, identity: {} });
  const answer = raw.call("/machine.MachineService/ApplyConfiguration", EMPTY);
  const pki = await TestPki.create();
  const shown = front.show({ kind: "node", identity: await pki.server() });
  setTimeout(() => applied.resolve(), 200);
  assert.equal((await answer).status?.code, 0);
  assert.equal(await shown, "opened");
  const now = { host: "127.0.0.1", port: front.port ?? 0 };
  await assert.rejects(dialWithoutCertificate(now), /alert|closed|reset/i);
  await using known = await RawClient.connect({ ...now, identity: await pki.client() });
  assert.equal((await known.call("/machine.MachineService/Version", EMPTY)).status?.code, 0);
  assert.equal(await front.show({ kind: "closed" }), "closed");
  assert.equal(front.port, undefined);
  assert.equal(await accepts(now), false);
  await backend.close();
});

/** In TLS 1.3 the refusal comes after the handshake: wait for it. */
function dialWithoutCertificate(to: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ ...to, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
    socket.on("data", () => resolve());
  });
}

async function accepts({ host, port }: { host: string; port: number }): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: host, port })).close();
    return true;
  } catch {
    return false;
  }
}
