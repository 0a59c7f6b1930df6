/**
 * Real etcd processes on loopback, for tests. Where no etcd program is to be had, tests that need one
 * say so in their names and are skipped.
 *
 * @module
 */
import { createCa, issueServerLeaf, type PemPair, sans } from "$lib/pki/mod.ts";
import { EtcdClient, EtcdError } from "./client.ts";
import { checkHealth } from "./kv.ts";
import { addMember, promoteMember } from "./members.ts";

/** The program `name` of the built components, or of PATH; undefined when there is none. */
export function componentProgram(name: string): string | undefined {
  const built = builtComponents().map((directory) => `${directory}/${BUILT_AS[name] ?? name}`);
  const onPath = (Deno.env.get("PATH") ?? "").split(":").map((directory) => `${directory}/${name}`);
  return [...built, ...onPath].find(isFile);
}

/** Declares a test that runs real programs. */
export type DeclareTest = (name: string, fn: (test: Deno.TestContext) => Promise<void>) => void;

/** Declares tests that run `programs`: skipped by name, with the reason, where one is not to be had. */
export function testsWith(...programs: readonly string[]): DeclareTest {
  const missing = Deno.build.os === "linux"
    ? programs.filter((name) => componentProgram(name) === undefined)
    : ["Linux"];
  return (name, fn) =>
    Deno.test({
      name: missing.length === 0 ? name : `${name} (skipped: needs ${missing.join(", ")})`,
      ignore: missing.length > 0,
      fn,
    });
}

/** Go calls a program by its folder: etcd's is `server`. */
const BUILT_AS: Readonly<Record<string, string>> = { etcd: "server" };

/** Where `mkimage components` leaves what it built, a directory a component. */
function builtComponents(): string[] {
  const cache = new URL("../../.cache/components", import.meta.url).pathname;
  try {
    return [...Deno.readDirSync(cache)].map(({ name }) => `${cache}/${name}`);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * A port that is free now, below those that the kernel gives to outgoing connections (32768 on): of
 * those, another test's client may take one before the program that is told of it listens.
 */
export function freePort(): number {
  while (true) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    try {
      using _listener = Deno.listen({ hostname: "127.0.0.1", port });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** A member that runs. */
export interface RunningMember extends AsyncDisposable {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  /** Stops its process as it stands, until it is thawed or ended: it answers nobody. */
  freeze(): void;
  thaw(): void;
  /** Stops its process and leaves its data. */
  stop(): Promise<void>;
}

/** How a member starts. */
export interface MemberStart {
  readonly name: string;
  readonly clientPort?: number;
  readonly peerPort?: number;
  /** The others of the cluster it joins, `name=peerUrl`; it starts a new cluster when there is none. */
  readonly join?: readonly string[];
  /** Those that found a cluster together with it, `name=peerUrl`. */
  readonly founders?: readonly string[];
  /** Where it listens; loopback unless told. */
  readonly address?: string;
  /** A command that runs it, such as one that enters a network namespace. */
  readonly wrapper?: readonly string[];
  /** More of its flags. */
  readonly flags?: readonly string[];
}

/** What `call` gives once etcd does not refuse it any more. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  const endMs = Date.now() + 60_000;
  while (true) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > endMs || !(error instanceof EtcdError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function makeCertificates(): Promise<{ ca: PemPair; leaf: PemPair }> {
  const now = new Date();
  const ca = await createCa({ kind: "ecdsa-p256", subject: { organization: ["etcd"] }, now });
  const names = sans(["127.0.0.1", "localhost"]);
  return { ca, leaf: await issueServerLeaf({ ca, sans: names, now, lifetimeMs: 3_600_000 }) };
}

/** Certificates and directories of etcd members that belong together. */
export class TestEtcd implements AsyncDisposable {
  readonly #members: RunningMember[] = [];

  private constructor(
    readonly program: string,
    readonly directory: string,
    readonly ca: PemPair,
    readonly leaf: PemPair,
  ) {}

  /** With certificates of its own unless some are given. @throws {Error} without an etcd program */
  static async make(given?: { readonly ca: PemPair; readonly leaf: PemPair }): Promise<TestEtcd> {
    const program = componentProgram("etcd");
    if (!program) throw new Error("Cannot test etcd: no etcd program is to be had");
    const { ca, leaf } = given ?? await makeCertificates();
    const directory = await Deno.makeTempDir({ prefix: "etcd-test-" });
    await Deno.writeTextFile(`${directory}/ca.crt`, ca.crt);
    await Deno.writeTextFile(`${directory}/peer.crt`, leaf.crt);
    await Deno.writeTextFile(`${directory}/peer.key`, leaf.key);
    return new TestEtcd(program, directory, ca, leaf);
  }

  /** A client of these members. */
  client(...members: readonly Pick<RunningMember, "clientUrl">[]): EtcdClient {
    const endpoints = members.map(({ clientUrl }) => clientUrl);
    return new EtcdClient({ endpoints, ca: this.ca.crt, client: this.leaf });
  }

  /** Starts a member; `healthy` waits until the cluster serves it. */
  async start(options: MemberStart): Promise<RunningMember> {
    const { name, address = "127.0.0.1", join = [], founders = [], flags = [] } = options;
    const clientUrl = `https://${address}:${options.clientPort ?? freePort()}`;
    const peerUrl = `https://${address}:${options.peerPort ?? freePort()}`;
    const own = this.#arguments({ name, clientUrl, peerUrl, join, founders });
    const [program = "", ...args] = [...options.wrapper ?? [], this.program, ...own, ...flags];
    const process = new Deno.Command(program, {
      args,
      stdout: "null",
      stderr: "null",
    }).spawn();
    const member: RunningMember = {
      name,
      clientUrl,
      peerUrl,
      freeze() {
        process.kill("SIGSTOP");
      },
      thaw() {
        process.kill("SIGCONT");
      },
      async stop() {
        try {
          process.kill("SIGCONT");
          process.kill("SIGTERM");
        } catch {
          // It has ended.
        }
        await process.status;
      },
      [Symbol.asyncDispose]: () => member.stop(),
    };
    this.#members.push(member);
    return member;
  }

  /** Adds a member as a learner, starts it and gives it its vote. */
  async join(name: string, members: readonly RunningMember[]): Promise<RunningMember> {
    using etcd = this.client(...members);
    const peerPort = freePort();
    // A member that has just come is not counted as healthy for some seconds; nobody joins then.
    const { member } = await insist(() =>
      addMember(etcd, `https://127.0.0.1:${peerPort}`, { learner: true })
    );
    const others = members.map((other) => `${other.name}=${other.peerUrl}`);
    const started = await this.start({ name, peerPort, join: others });
    await insist(() => promoteMember(etcd, member.id));
    return started;
  }

  /** Waits until a majority answers through this member. */
  async healthy(member: RunningMember): Promise<void> {
    using client = this.client(member);
    const signal = AbortSignal.timeout(60_000);
    while (true) {
      try {
        return await checkHealth(client, { signal, timeoutMs: 5_000 });
      } catch (error) {
        if (signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
    await Deno.remove(this.directory, { recursive: true });
  }

  #arguments(
    { name, clientUrl, peerUrl, join, founders }: {
      name: string;
      clientUrl: string;
      peerUrl: string;
      join: readonly string[];
      founders: readonly string[];
    },
  ): string[] {
    const file = (suffix: string) => `${this.directory}/${suffix}`;
    return [
      `--name=${name}`,
      `--data-dir=${file(name)}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=${[...join, ...founders, `${name}=${peerUrl}`].join(",")}`,
      `--initial-cluster-state=${join.length > 0 ? "existing" : "new"}`,
      ...["", "peer-"].flatMap((prefix) => [
        `--${prefix}cert-file=${file("peer.crt")}`,
        `--${prefix}key-file=${file("peer.key")}`,
        `--${prefix}trusted-ca-file=${file("ca.crt")}`,
        `--${prefix}client-cert-auth`,
      ]),
    ];
  }
}
