import assert from "node:assert/strict";
import { serveConfig } from "./config_server.ts";

Deno.test("serveConfig() serves one path on loopback and ends with its node", async () => {
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(`${directory}/config.yaml`, "version: v1alpha1\n");
  const node = new Deno.Command("sleep", { args: ["60"] }).spawn();
  let listening = (_port: number): void => {};
  const port = new Promise<number>((resolve) => listening = resolve);
  const done = serveConfig({
    files: { "/secret/config.yaml": `${directory}/config.yaml` },
    pidFile: `${directory}/qemu.pid`,
    ready: listening,
    signal: new AbortController().signal,
  });
  const base = `http://127.0.0.1:${await port}`;
  await Deno.writeTextFile(`${directory}/qemu.pid`, `${node.pid}\n`);
  assert.equal(await (await fetch(`${base}/secret/config.yaml`)).text(), "version: v1alpha1\n");
  for (const path of ["/", "/config.yaml", "/secret/", "/secret/../qemu.pid", "/toString"]) {
    const response = await fetch(base + path);
    assert.equal(response.status, 404, path);
    await response.body?.cancel();
  }
  const refused = await fetch(`${base}/secret/config.yaml`, { method: "POST" });
  assert.equal(refused.status, 405);
  await refused.body?.cancel();
  node.kill("SIGKILL");
  await node.status;
  await done;
  await assert.rejects(fetch(base));
  await Deno.remove(directory, { recursive: true });
});
