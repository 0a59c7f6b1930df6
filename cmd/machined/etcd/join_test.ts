import assert from "node:assert/strict";
import {
  checkHealth,
  EtcdClient,
  listMembers,
  memberNamed,
  readKey,
  snapshot,
  writeKey,
} from "$lib/etcd/mod.ts";
import { componentProgram, testsWith } from "$lib/etcd/testing.ts";
import { KubeError } from "$lib/kube/mod.ts";
import { createCa, issueServerLeaf, sans } from "$lib/pki/mod.ts";
import { UnreachableError } from "$lib/secure_http/mod.ts";
import { scratch } from "../api/testing.ts";
import { checkMember } from "../services/etcd.ts";
import { clientUrl, etcdArguments, type MemberIdentity, peerUrl } from "./arguments.ts";
import { Company } from "./company.ts";
import { DataDirectory } from "./data_directory.ts";
import { joinCluster } from "./join.ts";
import { removeWhenSettled } from "./leave.ts";
import { ETCD_DATA_DIR, ETCD_PKI_DIR, ETCD_SNAPSHOT } from "./places.ts";
import { type Founding, planMember } from "./plan.ts";
import { restoreContainer } from "./restore.ts";
import { SnapshotFile } from "./snapshot_file.ts";

const real = testsWith("etcd");
const recovered = testsWith("etcd", "etcdutl");

/** Loopback has addresses enough for a cluster of its own: real ports, real flags. */
const NET = `127.${1 + Math.floor(Math.random() * 254)}.${Math.floor(Math.random() * 256)}`;

/** Machines whose etcd is planned, started and checked as their service does it. */
class Machines implements AsyncDisposable {
  readonly #processes = new Map<string, Deno.ChildProcess>();
  readonly #over = new AbortController();
  /** What the API servers answer when they are asked who there is. */
  apiFault: Error | undefined;

  private constructor(
    readonly directory: string,
    readonly ca: string,
    readonly client: { crt: string; key: string },
  ) {}

  static async make(directory: string, names: string[]): Promise<Machines> {
    const now = new Date();
    const ca = await createCa({ kind: "ecdsa-p256", subject: { organization: ["etcd"] }, now });
    // Members check where a call comes from, too, and on loopback that is the first address.
    const addresses = ["127.0.0.1", ...names.map((name) => identityOf(name).address)];
    const leaf = await issueServerLeaf({ ca, sans: sans(addresses), now, lifetimeMs: 3_600_000 });
    await Deno.writeTextFile(`${directory}/ca.crt`, ca.crt);
    await Deno.writeTextFile(`${directory}/peer.crt`, leaf.crt);
    await Deno.writeTextFile(`${directory}/peer.key`, leaf.key);
    return new Machines(directory, ca.crt, leaf);
  }

  /** Plans a member, starts it and waits until it is healthy. */
  async start(name: string, founding: Founding): Promise<void> {
    const identity = identityOf(name);
    const data = new DataDirectory(`${this.directory}/${name}`);
    await data.make();
    await Deno.mkdir(`${this.directory}/${name}-state`, { recursive: true });
    const access = this.access(name);
    const hadCompany = await this.company(name).isKnown(this.ca);
    const plan = await planMember(
      { identity, data, access, founding, hadCompany, log: () => {} },
      this.signal,
    );
    const [, ...args] = etcdArguments(identity, plan, {}).map((text) =>
      text.replace(ETCD_DATA_DIR, data.path).replace(ETCD_PKI_DIR, this.directory)
        .replace("0.0.0.0", identity.address)
    );
    const program = componentProgram("etcd") ?? "etcd";
    const process = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
    this.#processes.set(name, process);
    await insist(() => this.check(name));
  }

  /** As the service looks after its member. */
  async check(name: string): Promise<void> {
    const count = await checkMember(this.access(name), this.signal);
    await this.company(name).note(this.ca, count > 1);
  }

  company(name: string): Company {
    return new Company(`${this.directory}/${name}-state`, () => true);
  }

  async stop(name: string): Promise<void> {
    const process = this.#processes.get(name);
    this.#processes.delete(name);
    try {
      process?.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await process?.status;
  }

  /** The way of one machine to itself and to those that run beside it. */
  access(name: string) {
    const at = (endpoints: readonly string[]) =>
      Promise.resolve(new EtcdClient({ endpoints, ca: this.ca, client: this.client }));
    const urlOf = (name: string) => clientUrl(identityOf(name).address);
    return {
      at,
      local: () => at([urlOf(name)]),
      others: () =>
        this.apiFault
          ? Promise.reject(this.apiFault)
          : Promise.resolve([...this.#processes.keys()].filter((it) => it !== name).map(urlOf)),
    };
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    for (const name of [...this.#processes.keys()]) await this.stop(name);
  }
}

function identityOf(name: string): MemberIdentity {
  return { name, address: `${NET}.${name.charCodeAt(0)}` };
}

async function insist(call: () => Promise<void>): Promise<void> {
  const endMs = Date.now() + 120_000;
  while (true) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function members(machines: Machines, name: string) {
  using etcd = await machines.access(name).local();
  return (await listMembers(etcd)).map(({ name, learner }) => `${name}${learner ? " learns" : ""}`);
}

real(
  "machines found a cluster, join it, go on after a restart and come back wiped",
  async () => {
    await using dir = await scratch();
    await using machines = await Machines.make(dir.path, ["a", "b", "c"]);
    await machines.start("a", "asked");
    await machines.start("b", "never");
    assert.deepEqual(await members(machines, "a"), ["a", "b"]);
    await machines.start("c", "never");
    assert.deepEqual(await members(machines, "c"), ["a", "b", "c"]);
    // A restart with its data; what founded the cluster once does not found another.
    await machines.stop("a");
    await machines.start("a", "asked");
    assert.deepEqual(await members(machines, "a"), ["a", "b", "c"]);
    // An init machine that lost its disk joins the cluster that lives.
    await machines.stop("a");
    await new DataDirectory(`${dir.path}/a`).wipe();
    await machines.start("a", "ifAlone");
    assert.deepEqual(await members(machines, "a"), ["a", "b", "c"]);
  },
);

real(
  "a control plane whose EPHEMERAL is erased comes back as a new member, and its old entry goes first",
  async () => {
    await using dir = await scratch();
    await using machines = await Machines.make(dir.path, ["d", "e", "f"]);
    await machines.start("d", "asked");
    await machines.start("e", "never");
    await machines.start("f", "never");
    using before = await machines.access("d").local();
    await writeKey(before, "kept", "yes");
    for (const [name, founding] of [["e", "never"], ["d", "ifAlone"]] as const) {
      const other = name === "e" ? "d" : "f";
      using etcd = await machines.access(other).local();
      const old = memberNamed(await listMembers(etcd), name);
      await machines.stop(name);
      await new DataDirectory(`${dir.path}/${name}`).wipe();
      // The two that stay are a majority all the time.
      await insist(() => checkHealth(etcd));
      await machines.start(name, founding);
      const now = await listMembers(etcd);
      assert.deepEqual(now.map(({ name, learner }) => ({ name, learner })), [
        { name: "d", learner: false },
        { name: "e", learner: false },
        { name: "f", learner: false },
      ]);
      const fresh = memberNamed(now, name);
      assert.notEqual(fresh.id, old.id);
      assert.deepEqual(fresh.peerUrls, old.peerUrls);
      using own = await machines.access(name).local();
      assert.equal((await readKey(own, "kept")).value, "yes");
    }
  },
);

real(
  "a machine takes the place of a member of its name only once that one does not answer",
  async () => {
    await using dir = await scratch();
    await using machines = await Machines.make(dir.path, ["p", "q", "r", "s"]);
    await machines.start("p", "asked");
    await machines.start("q", "never");
    await machines.start("r", "never");
    using etcd = await machines.access("p").local();
    const access = machines.access("p");
    const twin = { ...identityOf("s"), name: "q" };
    await assert.rejects(
      joinCluster(etcd, access, twin, machines.signal),
      /another machine is a member under the name "q", at https:.*machine\.network\.hostname/,
    );
    assert.deepEqual(await members(machines, "p"), ["p", "q", "r"]);
    const { id } = memberNamed(await listMembers(etcd), "q");
    await machines.stop("q");
    await insist(async () => void await joinCluster(etcd, access, twin, machines.signal));
    const now = await listMembers(etcd);
    assert.ok(now.some(({ peerUrls }) => peerUrls.includes(peerUrl(twin.address))));
    // Who asks for a removal whose answer was lost finds it done.
    await removeWhenSettled(etcd, id, machines.signal);
  },
);

recovered(
  "three control planes that lost everything come back from a snapshot: one recovers, the others join",
  async () => {
    await using dir = await scratch();
    await using machines = await Machines.make(dir.path, ["k", "l", "m"]);
    await machines.start("k", "asked");
    await machines.start("l", "never");
    await machines.start("m", "never");
    const path = `${dir.path}/snapshot`;
    {
      using etcd = await machines.access("k").local();
      await writeKey(etcd, "kept", "yes");
      await new SnapshotFile(path).write(snapshot(etcd));
      await writeKey(etcd, "kept", "no");
    }
    for (const name of ["k", "l", "m"]) {
      await machines.stop(name);
      await new DataDirectory(`${dir.path}/${name}`).wipe();
    }
    const [, ...args] = restoreContainer(identityOf("k"), { skipHashCheck: false }).args
      .map((text) => text.replace(ETCD_SNAPSHOT, path).replace(ETCD_DATA_DIR, `${dir.path}/k`));
    const program = componentProgram("etcdutl") ?? "etcdutl";
    const { success } = await new Deno.Command(program, { args, stderr: "null" }).output();
    assert.ok(success);
    await machines.start("k", "asked");
    assert.deepEqual(await members(machines, "k"), ["k"]);
    await machines.start("l", "never");
    await machines.start("m", "never");
    for (const name of ["k", "l", "m"]) {
      assert.deepEqual(await members(machines, name), ["k", "l", "m"]);
      using etcd = await machines.access(name).local();
      assert.equal((await readKey(etcd, "kept")).value, "yes");
    }
  },
);

const TROUBLES = [
  ["are in trouble", new KubeError(503, "ServiceUnavailable", "the API server is starting")],
  ["are silent", new UnreachableError("Cannot reach the control plane")],
] as const;
for (const [what, fault] of TROUBLES) {
  real(
    `an init machine whose EPHEMERAL is erased founds nothing while the API servers ${what}`,
    async () => {
      await using dir = await scratch();
      await using machines = await Machines.make(dir.path, ["g", "h"]);
      await machines.start("g", "ifAlone");
      await machines.start("h", "never");
      using etcd = await machines.access("h").local();
      const old = memberNamed(await listMembers(etcd), "g");
      const { clusterId } = await identityIn(machines, "h");
      // As its service does it every 20 s: by then it knows of the other.
      await machines.check("g");
      // Its member went with its data, before the disk did: so h alone is the cluster.
      await removeWhenSettled(etcd, old.id, machines.signal);
      await machines.stop("g");
      await new DataDirectory(`${dir.path}/g`).wipe();
      machines.apiFault = fault;
      const starting = machines.start("g", "ifAlone");
      // Longer than it looks around before it founds a cluster.
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      assert.deepEqual(await members(machines, "h"), ["h"]);
      machines.apiFault = undefined;
      await starting;
      assert.deepEqual(await members(machines, "g"), ["g", "h"]);
      assert.equal((await identityIn(machines, "g")).clusterId, clusterId);
    },
  );
}

/** The cluster that a member belongs to, as it says itself. */
async function identityIn(machines: Machines, name: string): Promise<{ clusterId: string }> {
  using etcd = await machines.access(name).local();
  const { header } = await etcd.call<{ header: { cluster_id: string } }>("maintenance/status", {});
  return { clusterId: header.cluster_id };
}
