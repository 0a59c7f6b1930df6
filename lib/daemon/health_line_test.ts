import assert from "node:assert/strict";
import { createServer } from "node:net";
import { healthLineSocket, HealthState, readHealthLine, serveHealthLine } from "./mod.ts";

const SOON = () => AbortSignal.timeout(2_000);

async function withDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(`${directory}/health.sock`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("readHealthLine() reads what the state says at the moment", async () => {
  await withDirectory(async (path) => {
    const state = new HealthState();
    const server = await serveHealthLine(path, state);
    assert.deepEqual(await readHealthLine(path, SOON()), { ready: false, serving: true });
    state.ready = true;
    assert.deepEqual(await readHealthLine(path, SOON()), { ready: true, serving: true });
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    await server.close();
  });
});

Deno.test("readHealthLine() fails where nobody listens, and when nobody answers in time", async () => {
  await withDirectory(async (path) => {
    await assert.rejects(readHealthLine(path, SOON()), /ENOENT/);
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    await assert.rejects(readHealthLine(path, AbortSignal.timeout(50)), /no answer in time/);
    silent.close();
  });
});

for (const line of ["", "null\n", "{}\n", '{"ready":1,"serving":true}\n', "x".repeat(5_000)]) {
  Deno.test(`readHealthLine() refuses ${JSON.stringify(line.slice(0, 30))}`, async () => {
    await withDirectory(async (path) => {
      const server = createServer((socket) => socket.end(line));
      await new Promise<void>((resolve) => server.listen(path, resolve));
      await assert.rejects(readHealthLine(path, SOON()));
      server.close();
    });
  });
}

Deno.test("healthLineSocket() lies beside the component's own socket", () => {
  assert.equal(healthLineSocket("/system/run/timed/timed.sock"), "/system/run/timed/health.sock");
});
