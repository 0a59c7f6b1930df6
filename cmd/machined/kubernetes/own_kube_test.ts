import assert from "node:assert/strict";
import { stringify } from "yaml";
import { kubeletTarget } from "./own_kube.ts";

Deno.test("kubeletTarget() reads what a kubelet that has joined writes", async () => {
  const directory = await Deno.makeTempDir({ prefix: "own-kube-" });
  try {
    const pem = `${directory}/client.pem`;
    await Deno.writeTextFile(pem, "certificate and key");
    const write = (user: unknown) =>
      Deno.writeTextFile(
        `${directory}/kubeconfig`,
        stringify({
          clusters: [{
            cluster: {
              "server": "https://10.0.0.1:6443",
              "certificate-authority-data": new TextEncoder().encode("CA").toBase64(),
            },
          }],
          users: [{ user }],
        }),
      );
    await write({ "client-certificate": pem, "client-key": pem });
    assert.deepEqual(await kubeletTarget(`${directory}/kubeconfig`), {
      url: "https://10.0.0.1:6443",
      ca: "CA",
      client: { crt: "certificate and key", key: "certificate and key" },
    });
    await write({ token: "x" });
    await assert.rejects(kubeletTarget(`${directory}/kubeconfig`), /names no server, CA or certif/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
