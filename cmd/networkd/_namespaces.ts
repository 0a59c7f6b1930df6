import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { output } from "$ffi/testing.ts";
import { followFeed } from "$lib/daemon/mod.ts";
import { UIDS } from "$lib/paths/mod.ts";
import { type NetworkStatus, readNetworkStatus } from "$lib/resources/mod.ts";
import { Health, ReadyCheck_ReadyStatus } from "$proto/health/health_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Hardware address of the node's `eth0`. */
export const NODE_MAC = "52:54:00:12:34:56";

/** A step takes at most so long on a busy machine. */
const PATIENCE_MS = 120_000;

/** Tries until `done` holds and does not throw; then gives what it gave. */
export async function until<T>(done: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      const value = await done();
      if (value) return value;
      assert.ok(performance.now() < end, "it did not come about in time");
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resume) => setTimeout(resume, 100));
  }
}

/** "this kernel has no <kind> links" when it lacks one of `kinds`; needs root and `ip`. */
export function lacksLinks(...kinds: string[]): string | undefined {
  const lacking = kinds.find((kind) => {
    const make = kind === "vlan"
      ? "ip link add eth0 type veth && ip link add link eth0 name probe0 type vlan id 1"
      : `ip link add probe0 type ${kind}`;
    const args = ["--net", "sh", "-c", make];
    return !new Deno.Command("unshare", { args, stderr: "null" }).outputSync().success;
  });
  return lacking && `this kernel has no ${lacking} links`;
}

/** Two network namespaces joined by a veth pair: `eth0` of the node, `srv0` of the server. */
export class Cable implements AsyncDisposable {
  readonly id: string;
  readonly node: string;
  readonly server: string;
  /** The link of the server that has its address. */
  #served = "srv0";
  #closing: (() => Promise<void>)[] = [];

  private constructor() {
    this.id = crypto.randomUUID().slice(0, 8);
    this.node = `node-${this.id}`;
    this.server = `server-${this.id}`;
  }

  /** Lays the cable; both ends are down at the node and up at the server. */
  static async lay(): Promise<Cable> {
    const cable = new Cable();
    await output("ip", ["netns", "add", cable.node]);
    await output("ip", ["netns", "add", cable.server]);
    const pair = ["type", "veth", "peer", "name", "eth0", "netns", cable.node];
    await cable.ipServer("link", "add", "srv0", ...pair);
    await cable.ipNode("link", "set", "eth0", "address", NODE_MAC);
    await cable.ipServer("address", "add", "10.5.0.1/24", "dev", "srv0");
    await cable.ipServer("link", "set", "srv0", "up");
    await cable.ipServer("link", "set", "lo", "up");
    return cable;
  }

  /** `ip` with these arguments at the server. */
  ipServer(...args: string[]): Promise<string> {
    return output("ip", ["-n", this.server, ...args]);
  }

  /** `ip` with these arguments at the node. */
  ipNode(...args: string[]): Promise<string> {
    return output("ip", ["-n", this.node, ...args]);
  }

  /** A second cable: `eth1` of the node, `srv1` of the server, bridged with the first as `br0`. */
  async double(): Promise<void> {
    await this.ipServer("link", "add", "br0", "type", "bridge");
    await this.ipServer("link", "add", "srv1", "type", "veth", "peer", "eth1", "netns", this.node);
    for (const name of ["srv0", "srv1"]) await this.ipServer("link", "set", name, "master", "br0");
    await this.ipServer("address", "flush", "dev", "srv0");
    await this.ipServer("address", "add", "10.5.0.1/24", "dev", "br0");
    for (const name of ["srv1", "br0"]) await this.ipServer("link", "set", name, "up");
    this.#served = "br0";
  }

  /** A network without servers: `eth1` of the node and `srv1` of the server. */
  async addQuiet(): Promise<void> {
    await this.ipServer("link", "add", "srv1", "type", "veth", "peer", "eth1", "netns", this.node);
    await this.ipServer("link", "set", "srv1", "up");
  }

  /** What a program prints that runs at the server. */
  atServer(program: string, ...args: string[]): Promise<string> {
    return output("ip", ["netns", "exec", this.server, program, ...args]);
  }

  /** What a program prints that runs at the node. */
  atNode(program: string, ...args: string[]): Promise<string> {
    return output("ip", ["netns", "exec", this.node, program, ...args]);
  }

  /** What `ip -j` says at the node. */
  async see<T>(...args: string[]): Promise<T[]> {
    return JSON.parse(await this.ipNode("-d", "-j", ...args) || "[]") as T[];
  }

  /** Addresses of a link of the node, with prefix lengths; those of IPv6 that reach beyond the link. */
  async addresses(link = "eth0", family: "inet" | "inet6" = "inet"): Promise<string[]> {
    const seen = await this.see<
      { addr_info: { family: string; scope: string; local: string; prefixlen: number }[] }
    >(
      "address",
      "show",
      "dev",
      link,
    );
    return seen.flatMap(({ addr_info }) => addr_info)
      .filter((it) => it.family === family && (family === "inet" || it.scope === "global"))
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  }

  /** IPv4 routes of the node that something other than the kernel set. */
  async routes(): Promise<string[]> {
    const seen = await this.see<
      { dst: string; gateway?: string; metric?: number; protocol: string }
    >(
      "-4",
      "route",
    );
    return seen.filter(({ protocol }) => protocol !== "kernel")
      .map(({ dst, gateway, metric, protocol }) =>
        `${dst} via ${gateway ?? "-"} metric ${metric ?? 0} ${protocol}`
      );
  }

  /** Starts dnsmasq at the server with these options; gives what it logs. */
  async dnsmasq(...options: string[]): Promise<Background> {
    const leases = await Deno.makeTempFile();
    const dnsmasq = new Background("ip", [
      ...["netns", "exec", this.server, "dnsmasq", "--no-daemon", "--conf-file=/dev/null"],
      ...["--port=0", `--interface=${this.#served}`, "--bind-interfaces", "--dhcp-authoritative"],
      ...["--log-dhcp", `--dhcp-leasefile=${leases}`, "--no-ping", ...options],
    ]);
    this.#closing.push(async () => {
      await dnsmasq.end();
      await Deno.remove(leases);
    });
    await until(() => {
      assert.doesNotMatch(dnsmasq.log, /bad command line|failed to/);
      return Promise.resolve(/DHCP(v6)?, IP range/.test(dnsmasq.log));
    });
    return dnsmasq;
  }

  /** Starts networkd at the node, with the rights it has there and no more. */
  async networkd(settings: object): Promise<NetworkdProcess> {
    const process = await NetworkdProcess.start(this.node, settings);
    this.#closing.push(async () => void await process.end());
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    await output("ip", ["netns", "del", this.node]);
    await output("ip", ["netns", "del", this.server]);
  }
}

/** A process that runs beside the test and whose stderr is kept. */
export class Background {
  log = "";
  readonly child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  #ended: Promise<Deno.CommandStatus> | undefined;

  constructor(program: string, args: string[], env: Record<string, string> = {}) {
    this.child = new Deno.Command(program, {
      args,
      env,
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.child.stdin.getWriter();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    for await (const text of this.child.stderr.pipeThrough(new TextDecoderStream())) {
      this.log += text;
    }
  }

  /** Writes a line to its stdin. */
  async line(value: unknown): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  }

  /** Ends its stdin and, unless `gently`, sends SIGTERM; kills what stays. */
  end({ gently = false } = {}): Promise<Deno.CommandStatus> {
    return this.#ended ??= this.#end(gently);
  }

  async #end(gently: boolean): Promise<Deno.CommandStatus> {
    await this.#stdin.close().catch(() => {});
    const signal = (name: Deno.Signal) => {
      try {
        this.child.kill(name);
      } catch { /* it is gone */ }
    };
    if (!gently) signal("SIGTERM");
    const kill = setTimeout(() => signal("SIGKILL"), 10_000);
    const status = await this.child.status;
    clearTimeout(kill);
    await this.#reading;
    return status;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.end();
  }
}

let bundled: Promise<string> | undefined;

/** networkd as one file that any user may read: the sources may lie where only root comes. */
function bundle(): Promise<string> {
  return bundled ??= (async () => {
    const dir = await Deno.makeTempDir({ prefix: "networkd-" });
    await Deno.chmod(dir, 0o755);
    await Deno.writeTextFile(
      `${dir}/entry.ts`,
      `import { main } from "${root}cmd/networkd/main.ts";\nawait main(Deno.args);\n`,
    );
    const config = ["--config", `${root}deno.json`, "--no-lock"];
    await output(Deno.execPath(), [
      ...["bundle", "--quiet", ...config, "-o", `${dir}/networkd.js`, `${dir}/entry.ts`],
    ]);
    addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
    return `${dir}/networkd.js`;
  })();
}

const BASE_URL = "http://networkd";
const CAPABILITIES = ["net_admin", "net_raw", "net_bind_service", "sys_admin"];

/** A networkd that runs, with the files it keeps and its socket. */
export class NetworkdProcess extends Background {
  /** One session for all calls, ended before the process is. */
  readonly #session: Http2SessionManager;

  constructor(readonly dir: string, program: string, args: string[], env: Record<string, string>) {
    super(program, args, env);
    this.#session = new Http2SessionManager(BASE_URL, {}, {
      createConnection: () => createConnection(`${dir}/run/networkd.sock`),
    });
  }

  static async start(namespace: string, settings: object): Promise<NetworkdProcess> {
    const dir = await Deno.makeTempDir();
    await Deno.chmod(dir, 0o711);
    await Deno.mkdir(`${dir}/system/etc`, { recursive: true });
    await Deno.mkdir(`${dir}/run`);
    await Deno.chown(`${dir}/run`, UIDS.networkd, UIDS.networkd);
    for (const name of ["hosts", "resolv.conf"]) {
      await Deno.writeTextFile(`${dir}/system/etc/${name}`, "# a longer text than will be kept\n");
      await Deno.chown(`${dir}/system/etc/${name}`, UIDS.networkd, UIDS.networkd);
    }
    const caps = CAPABILITIES.map((name) => `+${name}`).join(",");
    const process = new NetworkdProcess(dir, "ip", [
      ...["netns", "exec", namespace, "unshare", "--uts", "setpriv"],
      ...[`--reuid=${UIDS.networkd}`, `--regid=${UIDS.networkd}`, "--clear-groups"],
      ...[`--inh-caps=-all,${caps}`, `--ambient-caps=-all,${caps}`],
      ...[`--bounding-set=-all,${caps}`, "--no-new-privs"],
      ...[Deno.execPath(), "run", "-A", "--no-config", await bundle()],
      ...[`--socket=${dir}/run/networkd.sock`, `--feed=${dir}/run/network.sock`],
      `--root-dir=${dir}`,
    ], { DENO_DIR: "/nonexistent", HOME: "/nonexistent" });
    await process.line(settings);
    return process;
  }

  override async end(options?: { gently?: boolean }): Promise<Deno.CommandStatus> {
    this.#session.abort();
    const status = await super.end(options);
    await Deno.remove(this.dir, { recursive: true }).catch(() => {});
    return status;
  }

  /** The text of a file it keeps in /etc. */
  file(name: "hosts" | "resolv.conf"): Promise<string> {
    return Deno.readTextFile(`${this.dir}/system/etc/${name}`);
  }

  /** The name of the machine as its processes see it. */
  async hostname(): Promise<string> {
    return (await output("nsenter", ["-t", String(this.child.pid), "-u", "hostname"])).trim();
  }

  /** Its domain, as the kernel has it. */
  async domainName(): Promise<string> {
    const cat = ["cat", "/proc/sys/kernel/domainname"];
    return (await output("nsenter", ["-t", String(this.child.pid), "-u", ...cat])).trim();
  }

  get network(): Client<typeof NetworkService> {
    return createClient(NetworkService, this.#transport());
  }

  /** The first of what it tells of the network that `is` holds for. */
  async status(is: (status: NetworkStatus) => boolean): Promise<NetworkStatus> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const feed = followFeed(`${this.dir}/run/network.sock`, readNetworkStatus, assert.fail, signal);
    for await (const status of feed) if (is(status)) return status;
    throw new Error("networkd told of no such network in time");
  }

  async isReady(): Promise<boolean> {
    const { messages } = await createClient(Health, this.#transport()).ready({});
    return messages[0]?.status === ReadyCheck_ReadyStatus.READY;
  }

  #transport(): Transport {
    return createGrpcTransport({
      baseUrl: BASE_URL,
      sessionManager: this.#session,
      defaultTimeoutMs: 5_000,
    });
  }
}
