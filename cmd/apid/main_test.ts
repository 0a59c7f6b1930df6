import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { frameOf } from "$lib/rpc/mod.ts";
import { RawClient, temporaryFolder, TestPki, until } from "$lib/rpc/testing.ts";
import { VersionResponseSchema } from "$proto/machine/machine_pb.ts";
import { apidAt, machineAt, portOf, routerAt } from "./testing_programs.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const EMPTY = frameOf(new Uint8Array(0));
const VERSION = "/machine.MachineService/Version";
const EVENTS = "/machine.MachineService/Events";

async function tag(raw: RawClient): Promise<string | undefined> {
  const { messages, status } = await raw.call(VERSION, EMPTY);
  if (status?.code !== 0) return undefined;
  return fromBinary(VersionResponseSchema, messages[0]!).messages[0]?.version?.tag;
}

Deno.test("apid and routerd as processes: calls, renewal under a stream, a killed backend, the end", async (t) => {
  await using folder = await temporaryFolder();
  const pki = await TestPki.create();
  await using routerd = await routerAt(folder.path);
  await using apid = await apidAt(folder.path, await pki.server());
  const to = { host: "127.0.0.1", port: portOf(apid), identity: await pki.client() };
  await using raw = await RawClient.connect(to);

  await t.step("a backend that is not there yet is Unavailable, by name", async () => {
    const { status } = await raw.call(VERSION, EMPTY);
    assert.equal(status?.code, Code.Unavailable);
    assert.match(status.message, /machined/);
  });

  await using first = await machineAt(folder.path);
  await t.step("a call goes through both to the machine service", async () => {
    assert.equal(await tag(raw), String(first.pid));
  });

  await t.step("a stream lives over renewals, and garbage on stdin changes nothing", async () => {
    const stream = raw.open(EVENTS);
    let bytes = 0;
    stream.on("data", (chunk: Uint8Array) => bytes += chunk.length);
    stream.end(EMPTY);
    await until("streaming", () => bytes > 0);
    for (let renewal = 1; renewal <= 3; renewal++) {
      await apid.line({ identity: await pki.server() });
      await until("renewed", () => apid.log.split("identity renewed").length > renewal);
      await using other = await RawClient.connect(to);
      assert.equal(await tag(other), String(first.pid));
      const before = bytes;
      await until("still streaming", () => bytes > before);
    }
    await apid.line({ identity: { ca: "no" } });
    await until("refused", () => apid.log.includes('Cannot read identity: "ca" is not PEM'));
    assert.equal(await tag(raw), String(first.pid));
    stream.close(8);
    assert.doesNotMatch(apid.log, /PRIVATE KEY/);
  });

  await t.step("a killed backend ends its calls and is found again when it is back", async () => {
    const stream = raw.open(EVENTS);
    let code: unknown;
    stream.on("trailers", (trailers) => code = trailers["grpc-status"]);
    stream.resume();
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("response", resolve));
    await first.kill("SIGKILL");
    await until("told", () => code === String(Code.Unavailable));
    const { status } = await raw.call(VERSION, EMPTY);
    assert.equal(status?.code, Code.Unavailable);
    await using second = await machineAt(folder.path);
    assert.equal(await tag(raw), String(second.pid));
  });

  await t.step("a killed routerd is found again too", async () => {
    await using machine = await machineAt(folder.path);
    await routerd.kill("SIGKILL");
    assert.equal((await raw.call(VERSION, EMPTY)).status?.code, Code.Unavailable);
    await using again = await routerAt(folder.path);
    assert.equal(await tag(raw), String(machine.pid));
    assert.equal(await again.stop(), 0);
  });

  await t.step("the end of stdin is the end of apid", async () => {
    assert.equal(await apid.stop(), 0);
  });
});

for (const name of ["apid", "routerd"]) {
  Deno.test(`main() of ${name} has no right left to run, load, read the system or the environment`, async () => {
    await using folder = await temporaryFolder();
    const script = `
      import { main } from "${ROOT}cmd/${name}/main.ts";
      await main(["--socket", "${folder.path}/a.sock"]);
      for (const name of ["run", "ffi", "sys", "env"]) {
        console.log(name, (await Deno.permissions.request({ name })).state);
      }
    `;
    await Deno.writeTextFile(`${folder.path}/rights.ts`, script);
    const config = ["--config", `${ROOT}deno.json`];
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--quiet", ...config, `${folder.path}/rights.ts`],
      stdin: "null",
    }).output();
    const want = ["run denied", "ffi denied", "sys denied", "env denied"];
    assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), want);
  });
}
