import assert from "node:assert/strict";
import { dropRights } from "./rights.ts";

const SCRIPT = `
import { dropRights } from "$lib/rpc/mod.ts";
await dropRights(Deno.permissions, ["run", "ffi", "sys", "env"]);
const tries = {
  run: () => new Deno.Command("true").outputSync(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  sys: () => Deno.hostname(),
  env: () => Deno.env.get("PATH"),
};
for (const [name, attempt] of Object.entries(tries)) {
  try {
    attempt();
    console.log(name, "went well");
  } catch (error) {
    console.log(name, error.name);
  }
}
for (const name of ["run", "ffi", "sys", "env"]) {
  console.log(name, (await Deno.permissions.request({ name })).state);
}
`;

Deno.test("dropRights() takes rights away for good, also from a process started with all of them", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--quiet", "--ext=ts", "-"],
    cwd: new URL("../../", import.meta.url).pathname,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(SCRIPT));
  await stdin.close();
  const { stdout, stderr } = await child.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), [
    "run NotCapable",
    "ffi NotCapable",
    "sys NotCapable",
    "env NotCapable",
    "run denied",
    "ffi denied",
    "sys denied",
    "env denied",
  ]);
});

Deno.test("dropRights() does not go on when a right stays", async () => {
  const stubborn = { revoke: () => Promise.resolve({ state: "granted" }) };
  await assert.rejects(
    dropRights(stubborn, ["run"]),
    /Cannot drop right "run": it is still granted/,
  );
});
