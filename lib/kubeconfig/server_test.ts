import assert from "node:assert/strict";
import { parse } from "yaml";
import { withServer } from "./mod.ts";

Deno.test("withServer() changes where the cluster is reached, and nothing else", () => {
  const before = "clusters:\n- name: a\n  cluster:\n    server: https://10.0.2.2:1\n    x: y\n";
  const after = withServer(before, "https://127.0.0.1:1");
  assert.deepEqual(parse(after), {
    clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1", x: "y" } }],
  });
});
