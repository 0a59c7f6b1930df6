/**
 * Pools against a real etcd and API server: the manifests are applied, and the controller manager
 * works with the account and the rights that they give it. The nodes are real servers of the API.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort, testsWith } from "$lib/etcd/testing.ts";
import { Election, isRefusal, KubeClient, KubeError, TYPES } from "$lib/kube/mod.ts";
import { tlsKey } from "$lib/pki/mod.ts";
import {
  CONTROLLER_MANAGER,
  CREDENTIALS,
  managerManifests,
  NAMESPACE,
  type Pool,
  POOLS,
  type PoolStatus,
  RETRY_ANNOTATION,
} from "$lib/pool/mod.ts";
import { SecureHttp } from "$lib/secure_http/mod.ts";
import { buildInfo } from "$lib/version/mod.ts";
import { RealControlPlane } from "../../cmd/machined/controllers/k8s/testing.ts";
import { encodeKubeconfig } from "../../cmd/machined/controllers/secrets/kubeconfig.ts";
import { type TestPki, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { CONTAINER } from "../../mkimage/assets/controller_manager.ts";
import { bundle } from "../../mkimage/bundle.ts";
import { ROOT } from "../../mkimage/paths.ts";
import { deploy, pool, ready, RunningManager, until } from "./fleet_manager.ts";
import { FleetNode } from "./fleet_node.ts";

const ACCOUNTS = { apiVersion: "v1", plural: "serviceaccounts", namespaced: true };
const SECRETS = { apiVersion: "v1", plural: "secrets", namespaced: true };
const QUICK = { checkInterval: "1s", healthChecks: { settle: "1s" } };

/** A client with the account of the deployment, by a token as its pod gets one. */
async function asManager(plane: RealControlPlane, admin: KubeClient): Promise<KubeClient> {
  const place = { namespace: NAMESPACE, name: CONTROLLER_MANAGER, subresource: "token" };
  const { status: { token } } = await admin.create<{ status: { token: string } }>(
    ...[ACCOUNTS, place, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {},
    }],
  );
  const { url, ca = "" } = plane.api;
  return new KubeClient({ url, ca, token: () => Promise.resolve(token) });
}

/** The program as a process, with the flags of its image. */
class Program implements AsyncDisposable {
  private constructor(
    readonly directory: string,
    readonly process: Deno.ChildProcess,
    readonly health: string,
  ) {}

  static async start(plane: RealControlPlane, pki: TestPki, port: number): Promise<Program> {
    const directory = await Deno.makeTempDir({ prefix: "fleet-" });
    const { url: server, ca = "", client = { crt: "", key: "" } } = plane.api;
    const kubeconfig = encodeKubeconfig({ cluster: "real", server, ca, client });
    await Deno.writeTextFile(join(directory, "kubeconfig"), kubeconfig, { mode: 0o600 });
    const talosconfig = testTalosconfig(pki, { endpoints: [] });
    await Deno.writeTextFile(join(directory, CREDENTIALS.key), talosconfig, { mode: 0o600 });
    const { tag, sha, built } = buildInfo();
    await bundle(
      ...[join(ROOT, "cmd", "controller-manager", "main.ts"), join(directory, "main.js")] as const,
      { tag, sha, built },
    );
    const [, ...flags] = CONTAINER.entrypoint.slice(0, -1)
      .map((flag) => flag.startsWith("--allow-read=") ? `--allow-read=${directory}` : flag);
    const healthPort = freePort();
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        ...[...flags, join(directory, "main.js"), "--kubeconfig", join(directory, "kubeconfig")],
        ...["--credentials", directory, "--api-port", `${port}`, "--health-port", `${healthPort}`],
      ],
      clearEnv: true,
      env: CONTAINER.env ?? {},
      stderr: Deno.env.has("SHOW_CONTROL_PLANE") ? "inherit" : "null",
    }).spawn();
    return new Program(directory, process, `http://127.0.0.1:${healthPort}/healthz`);
  }

  /** Ends it as the kubelet does; gives its exit code. */
  async end(): Promise<number> {
    this.process.kill("SIGTERM");
    return (await this.process.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.process.status;
    await Deno.remove(this.directory, { recursive: true });
  }
}

testsWith("etcd", "kube-apiserver")(
  "the controller manager upgrades pools of a real API server",
  async (test) => {
    await using plane = await RealControlPlane.start();
    using admin = plane.client();
    await deploy(admin);
    using kube = await asManager(plane, admin);
    const pki = await testPki();
    const identity = { ca: pki.ca.crt, cert: pki.client.crt, key: tlsKey(pki.client.key) };
    const port = freePort();
    const statusOf = async (name: string) =>
      (await admin.find<Pool>(POOLS, { name }))?.status as PoolStatus | undefined;
    const nodes: FleetNode[] = [];
    for (const at of [1, 2, 3, 4]) {
      const place = { name: `node-${at}`, host: `127.0.7.${at}`, port };
      nodes.push(await FleetNode.start({ ...place, pool: "workers", pki, kube: admin }));
    }
    const versions = () => nodes.map(({ version }) => version).join(" ");

    await test.step("pools that make no sense are refused with the field", async () => {
      for (
        const [spec, want] of [
          [{}, /spec.*give either version or channel/],
          [{ version: "v1.0.0", channel: "stable" }, /give either version or channel/],
          [{ version: "newest" }, /spec\.version.*should match/],
          [{ channel: "nightly" }, /spec\.channel: Unsupported value/],
          [{ version: "v1.0.0", concurrency: 0 }, /spec\.concurrency.*greater than or equal to 1/],
          [{ version: "v1.0.0", timeout: "soon" }, /spec\.timeout.*should match/],
          [
            { version: "v1.0.0", window: { start: "24:00", duration: "1h" } },
            /spec\.window\.start/,
          ],
          [{ version: "v1.0.0", window: { start: "23:00" } }, /spec\.window\.duration: Required/],
          [{ version: "v1.0.0", repository: "a/b:c" }, /spec\.repository.*should match/],
        ] as [object, RegExp][]
      ) {
        await assert.rejects(admin.create(POOLS, {}, pool("bad", spec)), (error) => {
          assert.ok(error instanceof KubeError && error.status === 422, String(error));
          assert.match(error.message, want);
          return true;
        });
      }
    });

    await test.step("the account may do what the program does, and nothing else", async () => {
      await kube.list(POOLS);
      await kube.list(TYPES.nodes);
      for (
        const attempt of [
          () => kube.create(POOLS, {}, pool("own", { version: "v1.0.0" })),
          () => kube.list(SECRETS),
          () => kube.list(TYPES.pods),
          () => kube.patch(TYPES.nodes, { name: "node-1" }, { spec: { unschedulable: true } }),
          () => kube.find(TYPES.leases, { namespace: "kube-system", name: "any" }),
        ]
      ) await assert.rejects(attempt(), (error) => isRefusal(error, "Forbidden"));
    });

    await test.step("its pod passes the standard that its namespace enforces", async () => {
      const deployment = managerManifests({ image: "registry.test/controller-manager:v1" })
        .find(({ kind }) => kind === "Deployment")!;
      const { template } = deployment.spec as {
        template: { spec: { containers: { securityContext: object }[] } };
      };
      const create = async (name: string, spec: object) => {
        const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
        await admin.create(TYPES.pods, { namespace: NAMESPACE }, pod);
      };
      await create("as-deployed", template.spec);
      const [container] = template.spec.containers;
      const securityContext = { ...container?.securityContext, allowPrivilegeEscalation: true };
      await assert.rejects(
        create("with-more", { ...template.spec, containers: [{ ...container, securityContext }] }),
        /violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false/,
      );
    });

    await test.step("the lease has one holder, and another one when that leaves", async () => {
      const order: string[] = [];
      const run = (identity: string, signal: AbortSignal) =>
        new Election({
          ...{ kube, namespace: NAMESPACE, name: CONTROLLER_MANAGER, identity, periodMs: 100 },
          log: () => {},
        }).hold(signal, async (held) => {
          order.push(identity);
          await new Promise<void>((resolve) => held.addEventListener("abort", () => resolve()));
        });
      const [one, two] = [new AbortController(), new AbortController()];
      const first = run("one", one.signal);
      await until("the first", () => Promise.resolve(order.length === 1));
      const second = run("two", two.signal);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.deepEqual(order, ["one"]);
      one.abort();
      await first;
      await until("the second", () => Promise.resolve(order.length === 2));
      two.abort();
      await second;
      assert.deepEqual(order, ["one", "two"]);
    });

    await test.step("a rolling upgrade stops at the node that rolled back", async () => {
      nodes[2]!.fails = true;
      await admin.create(POOLS, {}, pool("workers", { version: "v2.0.0", ...QUICK }));
      await using manager = new RunningManager(kube, identity, port);
      const status = await until("a stop", async () => {
        const status = await statusOf("workers");
        return status?.failed === 1 && status;
      });
      assert.equal(versions(), "v2.0.0 v2.0.0 v1.0.0 v1.0.0");
      assert.deepEqual(
        status.nodes.map(({ name, phase, reason }) => [name, phase, reason]),
        [
          ["node-1", "Upgraded", undefined],
          ["node-2", "Upgraded", undefined],
          ["node-3", "Failed", "RolledBack"],
        ],
      );
      assert.deepEqual(nodes[3]!.asked, []);
      assert.deepEqual(nodes[2]!.asked, ["ghcr.io/talos-deno/installer:v2.0.0"]);
      assert.deepEqual([status.size, status.upToDate, status.inProgress], [4, 2, 0]);
      assert.equal(ready(status)?.reason, "Stopped");
      const stopped = status.conditions.find(({ type }) => type === "Stopped");
      assert.equal(stopped?.status, "True");
      assert.match(
        stopped?.message ?? "",
        /^node-3 was not upgraded to v2\.0\.0 \(RolledBack\): v2\.0\.0 was tried and failed/,
      );
      // It stays stopped.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      assert.deepEqual(nodes[3]!.asked, []);
      assert.ok(manager.lines.includes("node-1: [talos] upgrade sequence: v2.0.0"));
    });

    await test.step("each step is an event of the pool", async () => {
      const { items } = await admin.list<{ reason: string; message: string }>(TYPES.events, {
        ...{ namespace: "default", fieldSelector: "involvedObject.name=workers" },
      });
      assert.deepEqual(items.map(({ reason }) => reason).sort(), [
        ...["NodeFailed", "NodeUpgraded", "NodeUpgraded"],
        ...["UpgradeStarted", "UpgradeStarted", "UpgradeStarted"],
      ]);
      const failed = items.find(({ reason }) => reason === "NodeFailed");
      assert.match(failed?.message ?? "", /its log ended with: \[talos\] /);
    });

    await test.step("kubectl shows how the pool stands", async () => {
      using http = new SecureHttp(plane.api);
      const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
      const table = await http.json<{
        columnDefinitions: { name: string }[];
        rows: { cells: unknown[] }[];
      }>("GET", `/apis/${POOLS.apiVersion}/pools`, { headers: { accept } });
      const row = Object.fromEntries(
        table.columnDefinitions.map(({ name }, at) => [name, table.rows[0]?.cells[at]]),
      );
      assert.deepEqual(
        [row.Name, row.Target, row.Size, row["Up-To-Date"], row.Ready, row.Reason],
        ["workers", "v2.0.0", 4, 2, "False", "Stopped"],
      );
    });

    await test.step("it goes on when it is told to, over its own end and the API server's", async () => {
      nodes[2]!.fails = false;
      const [reboot, pulled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      nodes[2]!.held = reboot.promise;
      nodes[3]!.pulled = pulled.promise;
      const metadata = { annotations: { [RETRY_ANNOTATION]: "1" } };
      await admin.patch(POOLS, { name: "workers" }, { metadata });
      const phaseIs = (name: string, phase: string) =>
        until(`${phase} of ${name}`, async () => {
          const record = (await statusOf("workers"))?.nodes.find((one) => one.name === name);
          return record?.phase === phase && record;
        });
      {
        await using _first = new RunningManager(kube, identity, port);
        await phaseIs("node-3", "Upgrading");
        await until("the request", () => Promise.resolve(nodes[2]!.asked.length === 2));
      }
      {
        await using second = new RunningManager(kube, identity, port);
        await until(
          "a look",
          () => Promise.resolve(second.lines.some((line) => /node-3:/.test(line))),
        );
        await plane.withoutApi(async () => {
          reboot.resolve();
          await new Promise((resolve) => setTimeout(resolve, 2_000));
        });
        await phaseIs("node-4", "Requested");
        await until("the request", () => Promise.resolve(nodes[3]!.asked.length === 1));
      }
      await using _third = new RunningManager(kube, identity, port);
      // Asked again, the node is busy with what it was asked before.
      await until("a second request", () => Promise.resolve(nodes[3]!.asked.length === 2));
      pulled.resolve();
      const status = await until("the end", async () => {
        const status = await statusOf("workers");
        return ready(status)?.status === "True" && status;
      });
      assert.equal(versions(), "v2.0.0 v2.0.0 v2.0.0 v2.0.0");
      assert.equal(status.retry, "1");
      assert.deepEqual(nodes.map(({ asked }) => asked.length), [1, 1, 2, 2]);
      assert.equal(ready(status)?.message, "all nodes run v2.0.0");
    });

    await test.step("a channel brings the newest release, and a refusal stops the pool", async () => {
      nodes[0]!.refuses = true;
      await admin.patch(POOLS, { name: "workers" }, {
        spec: { version: null, channel: "stable", concurrency: 2 },
      });
      const tags = ["v1.0.0", "v2.1.0", "v3.0.0-beta.0", "latest"];
      await using _manager = new RunningManager(kube, identity, port, tags);
      const status = await until("a stop", async () => {
        const status = await statusOf("workers");
        return status?.failed === 1 && status.inProgress === 0 && status;
      });
      assert.equal(status.targetVersion, "v2.1.0");
      assert.equal(versions(), "v2.0.0 v2.1.0 v2.0.0 v2.0.0");
      const record = status.nodes.find(({ phase }) => phase === "Failed");
      assert.deepEqual([record?.name, record?.reason], ["node-1", "Refused"]);
      assert.match(record?.message ?? "", /^error validating installer image/);
    });

    await test.step("as a program it needs no more rights than its container gives it", async () => {
      nodes[0]!.refuses = false;
      const metadata = { annotations: { [RETRY_ANNOTATION]: "2" } };
      const spec = { version: "v2.2.0", channel: null, concurrency: 4 };
      await admin.patch(POOLS, { name: "workers" }, { metadata, spec });
      await using program = await Program.start(plane, pki, port);
      const status = await until("the end", async () => {
        const status = await statusOf("workers");
        return status?.targetVersion === "v2.2.0" && ready(status)?.status === "True" && status;
      });
      assert.equal(versions(), "v2.2.0 v2.2.0 v2.2.0 v2.2.0");
      assert.equal(status.upToDate, 4);
      const lease = () =>
        admin.find<{ spec: { holderIdentity: string } }>(TYPES.leases, {
          ...{ namespace: NAMESPACE, name: CONTROLLER_MANAGER },
        });
      assert.match((await lease())?.spec.holderIdentity ?? "", /^outside_/);
      assert.equal(await (await fetch(program.health)).text(), "ok\n");
      assert.equal(await program.end(), 0);
      assert.equal((await lease())?.spec.holderIdentity, "");
    });

    for (const node of nodes) await node[Symbol.asyncDispose]();
  },
);
