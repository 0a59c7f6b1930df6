/** A worker gets its certificate from a control plane, and what it may do with it. */
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { createSecrets, generateConfig, type MachineConfig } from "$lib/config/mod.ts";
import { issueClientLeaf, tlsKey } from "$lib/pki/mod.ts";
import { roleCommand } from "$lib/role/mod.ts";
import { frameOf, type Identity, serveUnix } from "$lib/rpc/mod.ts";
import { RawClient, temporaryFolder } from "$lib/rpc/testing.ts";
import { systemClock, textLines } from "$lib/service/mod.ts";
import { MachineService, VersionResponseSchema } from "$proto/machine/machine_pb.ts";
import { startApid } from "../../cmd/apid/apid.ts";
import { ApiIdentity } from "../../cmd/machined/identity/api_identity.ts";
import { askTrustd } from "../../cmd/machined/identity/ask_trustd.ts";
import { type HostNames, identityInputs } from "../../cmd/machined/identity/names.ts";
import { trustSettings } from "../../cmd/machined/identity/trust.ts";
import { Voucher } from "../../cmd/machined/identity/voucher.ts";

const VERSION = "/machine.MachineService/Version";
const EMPTY = frameOf(new Uint8Array(0));
const CONTROL_PLANE: HostNames = { hostname: "master-1", addresses: ["127.0.0.11"] };
const WORKER: HostNames = { hostname: "worker-1", addresses: ["127.0.0.12"] };

async function clusterConfigs() {
  const secrets = await createSecrets({ now: new Date() });
  const input = { clusterName: "test", endpoint: "https://127.0.0.11:6443", secrets };
  return {
    secrets,
    controlPlane: generateConfig("controlplane", input),
    worker: generateConfig("join", input),
  };
}

/** trustd as the node starts it, but for the runtime's place. */
async function startTrustd(config: MachineConfig, exchange: string) {
  const { args } = roleCommand("trustd", ["--host", "127.0.0.11", "--port", "0"]);
  const bundle = new URL("../../cmd/node/main.ts", import.meta.url).pathname;
  // From source, types and packages come by the project's configuration.
  const flags = args.filter((arg) => !["--no-config", "--no-lock", "--no-npm"].includes(arg));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...flags.map((arg) => arg.endsWith("node.js") ? bundle : arg),
      ...["--exchange", exchange],
    ],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const settings = trustSettings(config, {
    host: CONTROL_PLANE,
    voucher: await new Voucher().of(config),
    controlPlanes: [],
    lifetimeMs: 24 * 3_600_000,
  });
  await writer.write(new TextEncoder().encode(`${JSON.stringify(settings)}\n`));
  const lines: string[] = [];
  const port = Promise.withResolvers<number>();
  const reading = (async () => {
    for await (const line of textLines(child.stderr)) {
      lines.push(line);
      const [, listens] = /^listening on .*:(\d+)$/.exec(line) ?? [];
      if (listens !== undefined) port.resolve(Number(listens));
    }
    port.reject(new Error(lines.join("\n")));
  })();
  return {
    lines,
    pid: child.pid,
    port: await port.promise,
    async [Symbol.asyncDispose]() {
      await writer.close();
      await child.status;
      await reading;
    },
  };
}

/** The identity of a node as machined keeps it. */
function identityOf(config: MachineConfig, host: HostNames, port: number) {
  const lines: string[] = [];
  const identity = new ApiIdentity({
    inputs: () => identityInputs(config, host),
    clock: systemClock,
    lifetimeMs: 3_600_000,
    askTrustd: (request, signal) =>
      askTrustd({
        ...request,
        clusterCa: config.cluster.ca?.crt ?? "",
        endpoints: [{ host: "127.0.0.11", port }],
        now: () => new Date(),
      }, signal),
    log: (line) => void lines.push(line),
  });
  return { identity, lines };
}

async function kept(node: ReturnType<typeof identityOf>, done: () => boolean): Promise<void> {
  const over = new AbortController();
  const keeping = node.identity.keep(over.signal);
  for (let tries = 0; tries < 3_000 && !done(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  over.abort();
  await keeping;
  assert.ok(done(), node.lines.join("\n"));
}

async function apidOf(
  folder: string,
  host: string,
  port: number,
  { identity }: Pick<ReturnType<typeof identityOf>, "identity">,
) {
  const { current: { value: face } } = identity;
  assert.ok(face && "identity" in face);
  const shown: Identity = { ...face.identity, key: tlsKey(face.identity.key) };
  const routerSocket = `${folder}/routerd-${host}.sock`;
  const machine = await serveUnix(routerSocket, (router) =>
    router.service(MachineService, {
      version: () => ({ messages: [{ version: { tag: host } }] }),
    }));
  const apid = await startApid({
    ...{ host, port, routerSocket, identity: shown, log: () => {} },
    socket: `${folder}/apid-${host}.sock`,
    nodePort: () => listens,
  });
  const listens = apid.port;
  return {
    shown,
    port: listens,
    async [Symbol.asyncDispose]() {
      await apid.close();
      await machine.close();
    },
  };
}

async function versions(
  raw: RawClient,
  nodes: string,
): Promise<(string | undefined)[][] | string | undefined> {
  const { messages: [message], status } = await raw.call(VERSION, EMPTY, { nodes });
  if (!message) return `${Code[status?.code ?? 0]}: ${status?.message}`;
  return fromBinary(VersionResponseSchema, message).messages.map(({ metadata, version }) => [
    metadata?.hostname,
    version?.tag,
    metadata?.error || undefined,
  ]);
}

Deno.test("a worker joins: its API is served, called through the control plane, and commands nobody", async () => {
  await using folder = await temporaryFolder();
  const { secrets, controlPlane, worker } = await clusterConfigs();
  await using trustd = await startTrustd(controlPlane, `${folder.path}/pki`);
  const first = identityOf(controlPlane, CONTROL_PLANE, 0);
  await first.identity.refresh();
  const second = identityOf(worker, WORKER, trustd.port);
  await kept(second, () => second.identity.current.value !== undefined);
  await using master = await apidOf(folder.path, "127.0.0.11", 0, first);
  await using joined = await apidOf(folder.path, "127.0.0.12", master.port, second);

  const admin = await issueClientLeaf({
    ca: secrets.ca,
    now: new Date(),
    lifetimeMs: 3_600_000,
  });
  const client = { ca: secrets.ca.crt, cert: admin.crt, key: tlsKey(admin.key) };
  const { port } = master;
  await using throughMaster = await RawClient.connect({
    ...{ host: "127.0.0.11", port, identity: client },
  });
  assert.deepEqual(await versions(throughMaster, "127.0.0.11,127.0.0.12"), [
    ["127.0.0.11", "127.0.0.11", undefined],
    ["127.0.0.12", "127.0.0.12", undefined],
  ]);
  await using throughWorker = await RawClient.connect({
    ...{ host: "127.0.0.12", port, identity: client },
  });
  const [own, other] = await versions(throughWorker, "127.0.0.12,127.0.0.11") as string[][];
  assert.deepEqual(own, ["127.0.0.12", "127.0.0.12", undefined]);
  assert.match(String(other?.[2]), /the endpoint is a worker, and passes no calls on/);

  // Stolen from the worker, the certificate opens no other node.
  await using thief = await RawClient.connect({
    ...{ host: "127.0.0.11", port, identity: joined.shown },
  });
  const { status, messages } = await thief.call(VERSION, EMPTY);
  assert.equal(messages.length, 0);
  assert.notEqual(status?.code, 0);
});

/** The configuration as `gen config` of 0.9 writes it for a worker: without the machine CA. */
function formerly(worker: MachineConfig): MachineConfig {
  const { ca: _, ...machine } = worker.machine;
  return { ...worker, machine };
}

Deno.test("a worker of 0.9 gets the machine CA from a control plane that the cluster's CA vouches for", async () => {
  await using folder = await temporaryFolder();
  const { secrets, controlPlane, worker } = await clusterConfigs();
  await using trustd = await startTrustd(controlPlane, `${folder.path}/pki`);
  const node = identityOf(formerly(worker), WORKER, trustd.port);
  await kept(node, () => node.identity.current.value !== undefined);
  await using joined = await apidOf(folder.path, "127.0.0.12", 0, node);
  assert.equal(joined.shown.ca, secrets.ca.crt);

  const admin = await issueClientLeaf({ ca: secrets.ca, now: new Date(), lifetimeMs: 3_600_000 });
  const client = { ca: secrets.ca.crt, cert: admin.crt, key: tlsKey(admin.key) };
  await using raw = await RawClient.connect({
    ...{ host: "127.0.0.12", port: joined.port, identity: client },
  });
  assert.deepEqual(await versions(raw, "127.0.0.12"), [["127.0.0.12", "127.0.0.12", undefined]]);
});

Deno.test("a worker with the wrong token or the wrong CA stays out, and says which of them it is", async () => {
  await using folder = await temporaryFolder();
  const { controlPlane, worker } = await clusterConfigs();
  const stranger = (await clusterConfigs()).worker;
  await using trustd = await startTrustd(controlPlane, `${folder.path}/pki`);
  const withMachine = (machine: Partial<MachineConfig["machine"]>): MachineConfig => ({
    ...worker,
    machine: { ...worker.machine, ...machine },
  });
  for (
    const [config, reason] of [
      [withMachine({ token: "aaaaaa.aaaaaaaaaaaaaaaa" }), /token is not machine\.token of this/],
      [stranger, /is machine\.ca of this machine, or without it cluster\.ca, the one of its/],
      [formerly(stranger), /or without it cluster\.ca, the one of its control plane\?/],
      [withMachine({ token: "" }), /machine\.token is not set/],
      [
        { ...formerly(worker), cluster: { ...worker.cluster, ca: { crt: "", key: "" } } },
        /machine\.ca\.crt is not set/,
      ],
    ] as const
  ) {
    const node = identityOf(config, WORKER, trustd.port);
    await kept(node, () => node.identity.fault !== undefined);
    assert.match(node.identity.fault ?? "", reason);
    assert.match(node.lines.join("\n"), reason);
    assert.equal(node.identity.current.value, undefined);
  }
  const told = trustd.lines.join("\n");
  assert.match(told, /refused 127\.0\.0\.1\d*: Cannot trust caller: its token is not/);
  assert.ok(!told.includes(controlPlane.machine.token ?? ""), "a token is never logged");
});
