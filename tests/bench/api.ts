/**
 * The API's speed beside a yardstick: calls per second, p50 and p99, one at a time and 64 in flight,
 * through apid, routerd and a machine service, and against a grpc-go echo server with the same
 * certificates, in the same run, by the same client. JSON lines; CPU microseconds a call tell more
 * than rates on a machine that does other work too.
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
    startDeno("apid", [
      ...["cmd/node/main.ts", "apid", "--host", HOST, "--port", String(APID_PORT)],
      ...[
        "--node-port",
        String(APID_PORT),
        "--socket",
        at("a.sock"),
        "--router-socket",
        at("r.sock"),
      ],
    ]),
  ];
  const apid = servers[3]!.child.stdin.getWriter();
  await apid.write(new TextEncoder().encode(`${JSON.stringify({ identity })}\n`));
  try {
    for (const name of ["m.sock", "r.sock", "a.sock"]) {
      await until(`up: ${name}`, () => exists(at(name)), 30_000);
    }
    const go = servers.slice(0, 1);
    const node = servers.slice(1);
    for (const inFlight of [1, 64]) {
      await load("grpc-go", program, folder.path, GO_PORT, inFlight, calls, go);
      await load("apid", program, folder.path, APID_PORT, inFlight, calls, node);
    }
    await load("apid, one node", program, folder.path, APID_PORT, 1, calls / 5, node, HOST);
    for (const { name, child } of node) print({ process: name, ...await memory(child.pid) });
  } finally {
    for (const { child } of servers) child.kill("SIGKILL");
    await Promise.all(servers.map(({ child }) => child.status));
    await apid.abort().catch(() => {});
  }
}

async function load(
  target: string,
  program: string,
  pki: string,
  port: number,
  inFlight: number,
  calls: number,
  servers: readonly Server[],
  nodes = "",
): Promise<void> {
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
  print({ target, ...result, cpuUsPerCall });
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
