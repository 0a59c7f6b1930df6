import assert from "node:assert/strict";
import { parseReference } from "./reference.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;
const CASES: readonly [text: string, registry: string, name: string][] = [
  ["registry.k8s.io/etcd:3.6.5-0", "registry.k8s.io", "registry.k8s.io/etcd:3.6.5-0"],
  ["etcd", "docker.io", "docker.io/library/etcd:latest"],
  ["coredns/coredns:1.14.5", "docker.io", "docker.io/coredns/coredns:1.14.5"],
  ["10.5.0.1:5000/a/b", "10.5.0.1:5000", "10.5.0.1:5000/a/b:latest"],
  ["localhost/a", "localhost", "localhost/a:latest"],
  [`ghcr.io/a/b@${DIGEST}`, "ghcr.io", `ghcr.io/a/b@${DIGEST}`],
  [`ghcr.io/a/b:v1@${DIGEST}`, "ghcr.io", `ghcr.io/a/b:v1@${DIGEST}`],
];
for (const [text, registry, name] of CASES) {
  Deno.test(`parseReference() reads ${text}`, () => {
    assert.deepEqual(parseReference(text), { registry, name });
  });
}

for (const text of ["", "ghcr.io/", "ghcr.io/Upper", "a b", "ghcr.io/a@sha256:12", "ghcr.io/a:"]) {
  Deno.test(`parseReference() refuses "${text}"`, () => {
    assert.throws(() => parseReference(text), SyntaxError);
  });
}
