import assert from "node:assert/strict";
import { defaultKubeconfigPath, mergeIntoFile } from "./kubeconfig_file.ts";
import { KUBECONFIG } from "./testing/kubernetes.ts";

const rename = { onConflict: () => Promise.resolve("rename" as const) };

Deno.test("defaultKubeconfigPath() takes the first file of KUBECONFIG, else the home's", () => {
  const path = (KUBECONFIG?: string): string =>
    defaultKubeconfigPath({ env: { HOME: "/home/u", KUBECONFIG }, home: "/home/u" });
  assert.equal(path(), "/home/u/.kube/config");
  assert.equal(path(""), "/home/u/.kube/config");
  assert.equal(path("/a:/b"), "/a");
  assert.equal(path(":/b"), "/b");
});

Deno.test("mergeIntoFile() keeps a link, narrows the mode and names a file it cannot read", async () => {
  const folder = await Deno.makeTempDir();
  const real = `${folder}/real`;
  await Deno.writeTextFile(real, "# mine\nkind: Config\n", { mode: 0o644 });
  await Deno.symlink(real, `${folder}/link`);
  const { context } = await mergeIntoFile(Deno, `${folder}/link`, KUBECONFIG, rename);
  assert.equal(context, "admin@test");
  assert.ok((await Deno.lstat(`${folder}/link`)).isSymlink);
  assert.equal((await Deno.stat(real)).mode! & 0o777, 0o600);
  assert.match(await Deno.readTextFile(real), /^# mine\n/);
  await Deno.writeTextFile(real, "- no kubeconfig\n");
  const refusal = /Cannot read kubeconfig: it is not a mapping \(in ".*link"\)/;
  await assert.rejects(mergeIntoFile(Deno, `${folder}/link`, KUBECONFIG, rename), refusal);
  await Deno.remove(folder, { recursive: true });
});
