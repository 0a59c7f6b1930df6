/**
 * The API's speed beside a yardstick: calls per second, p50 and p99, one at a time and 64 in flight,
 * through apid, routerd and a machine service, and against a grpc-go echo server with the same
 * certificates, in the same run, by the same client; last, what it takes one node to ask three. JSON
 * lines; CPU microseconds a call tell more than rates on a machine that does other work too.
 *
 * ```sh
 * deno run -A tests/bench/api.ts [calls]
 * ```
 *
 * @module
 */
import { join } from "node:path";
import { V8_FLAGS } from "$lib/role/mod.ts";
import { type Identity, serveUnix } from "$lib/rpc/mod.ts";
import { temporaryFolder, TestPki, until } from "$lib/rpc/testing.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { cpuMs, type Memory, memoryOf, print } from "./_process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const HOST = "127.0.0.1";
/** Whom the first node asks beside itself. */
const OTHERS = ["127.0.0.2", "127.0.0.3"];
const GO_PORT = 50981;
const APID_PORT = 50980;

interface Server {
  readonly name: string;
  readonly child: Deno.ChildProcess;
}

if (Deno.args[0] === "machine") await machine(Deno.args[1] ?? "");
else await bench(Number(Deno.args[0] ?? 5_000));

async function machine(path: string): Promise<void> {
  const reply = { messages: [{ version: { tag: "v0.0.0-bench" } }] };
  await serveUnix(path, (router) => router.service(MachineService, { version: () => reply }));
}

async function bench(calls: number): Promise<void> {
  await using folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const program = at("grpcgo");
  await run("go", ["build", "-o", program, "."], join(ROOT, "tests/bench/grpcgo"));
  const identity = await writeIdentities(folder.path);
  const servers = [
    start("grpc-go", program, [
      "-mode",
      "serve",
      "-addr",
      `${HOST}:${GO_PORT}`,
      "-pki",
      folder.path,
    ]),
    startDeno("machine", ["tests/bench/api.ts", "machine", at("m.sock")]),
    startDeno("routerd", [
      "cmd/node/main.ts",
      "routerd",
      "--socket",
      at("r.sock"),
      "--machined",
      at("m.sock"),
    ]),
    ...[HOST, ...OTHERS].map((host) =>
      startDeno(host === HOST ? "apid" : `apid of ${host}`, [
        ...["cmd/node/main.ts", "apid", "--host", host, "--port", String(APID_PORT)],
        ...["--node-port", String(APID_PORT), "--socket", at(`${host}.sock`)],
        ...["--router-socket", at("r.sock")],
      ])
    ),
  ];
  const [go, node, others] = [servers.slice(0, 1), servers.slice(1, 4), servers.slice(4)];
  const told = new TextEncoder().encode(`${JSON.stringify({ identity })}\n`);
  const inputs = servers.slice(3).map(({ child }) => child.stdin.getWriter());
  for (const input of inputs) await input.write(told);
  try {
    for (const name of ["m", "r", HOST, ...OTHERS]) {
      await until(`up: ${name}`, () => exists(at(`${name}.sock`)), 30_000);
    }
    for (const inFlight of [1, 64]) {
      await load("grpc-go", program, folder.path, GO_PORT, inFlight, calls, go);
      await load("apid", program, folder.path, APID_PORT, inFlight, calls, node);
    }
    const fanOut = async (name: string, hosts: readonly string[], of: readonly Server[]) =>
      await load(name, program, folder.path, APID_PORT, 1, calls / 5, of, hosts.join());
    const one = await fanOut("apid, one node", OTHERS.slice(0, 1), [...node, others[0]!]);
    const three = await fanOut("apid, three nodes", [HOST, ...OTHERS], [...node, ...others]);
    print({
      ...{ case: "fan-out to three nodes", p50Ms: three },
      baseline: { name: "one node through another", p50Ms: one },
      ratio: Math.round(three / one * 100) / 100,
    });
    for (const { name, child } of node) print({ process: name, ...await memory(child.pid) });
  } finally {
    for (const { child } of servers) child.kill("SIGKILL");
    await Promise.all(servers.map(({ child }) => child.status));
    for (const input of inputs) await input.abort().catch(() => {});
  }
}

/** Loads a target, prints what came of it, and gives the median, milliseconds. */
async function load(
  target: string,
  program: string,
  pki: string,
  port: number,
  inFlight: number,
  calls: number,
  servers: readonly Server[],
  nodes = "",
): Promise<number> {
  const before = await Promise.all(servers.map(({ child }) => cpuMs(child.pid)));
  const flags = ["-addr", `${HOST}:${port}`, "-pki", pki, "-calls", String(calls)];
  const output = await run(
    program,
    [...flags, "-in-flight", String(inFlight), "-nodes", nodes],
    ROOT,
  );
  const after = await Promise.all(servers.map(({ child }) => cpuMs(child.pid)));
  const result = JSON.parse(output);
  const cpuUsPerCall: Record<string, number> = {};
  for (const [index, { name }] of servers.entries()) {
    const used = (after[index] ?? 0) - (before[index] ?? 0);
    cpuUsPerCall[name] = Math.round(used * 1000 / (result.calls + result.warmUp));
  }
  const answered = nodes === "" ? 1 : nodes.split(",").length;
  if (result.failed > 0 || result.messages !== answered) {
    throw new Error(`Cannot load ${target}: ${output}`);
  }
  print({ target, ...result, cpuUsPerCall });
  return result.p50Ms;
}

async function writeIdentities(folder: string): Promise<Identity> {
  const pki = await TestPki.create();
  const server = await pki.server();
  const client = await pki.client();
  await Deno.writeTextFile(join(folder, "ca.crt"), server.ca);
  for (const [name, { cert, key }] of Object.entries({ server, client })) {
    await Deno.writeTextFile(join(folder, `${name}.crt`), cert);
    await Deno.writeTextFile(join(folder, `${name}.key`), key);
  }
  return server;
}

function startDeno(name: string, args: string[]): Server {
  const flags = ["run", "-A", "--quiet", "--no-prompt", `--v8-flags=${V8_FLAGS.join(",")}`];
  return start(name, Deno.execPath(), [...flags, ...args]);
}

function start(name: string, program: string, args: string[]): Server {
  const options = { args, cwd: ROOT, stdin: "piped", stdout: "null", stderr: "null" } as const;
  return { name, child: new Deno.Command(program, options).spawn() };
}

async function run(program: string, args: string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`Cannot run ${program}: exit ${code}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

async function memory(pid: number): Promise<Memory> {
  return memoryOf(await Deno.readTextFile(`/proc/${pid}/smaps_rollup`));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
