import assert from "node:assert/strict";
import { spdxDocument } from "./sbom.ts";

const OPTIONS = {
  inputs: [
    { name: "libc6", version: "2.36-9+deb12u1", sha256: "ab".repeat(32), type: "deb" as const },
    { name: "@deno/linux", version: "2.9.6", sha256: "cd".repeat(32), type: "npm" as const },
  ],
  components: [
    { modules: [{ path: "example.org/a", version: "v1.0.0", sum: "h1:abc=" }] },
    {
      modules: [
        { path: "example.org/a", version: "v1.0.0", sum: "h1:abc=" },
        { path: "example.org/a", version: "v1.1.0" },
      ],
    },
  ],
  stamp: { tag: "v0.1.0", sha: "abc", built: "2026-01-01T00:00:00Z" },
  bundleSha256: "ef".repeat(32),
};

Deno.test("spdxDocument() lists each input and each linked Go module once, by package URL", () => {
  const document = JSON.parse(spdxDocument(OPTIONS));
  assert.equal(document.spdxVersion, "SPDX-2.3");
  assert.deepEqual(
    document.packages.map((one: { externalRefs: { referenceLocator: string }[] }) =>
      one.externalRefs[0]!.referenceLocator
    ),
    [
      "pkg:generic/talos@v0.1.0",
      "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=bookworm",
      "pkg:npm/%40deno/linux@2.9.6",
      "pkg:golang/example.org/a@v1.0.0",
      "pkg:golang/example.org/a@v1.1.0",
    ],
  );
  const ids = document.packages.map((one: { SPDXID: string }) => one.SPDXID);
  for (const id of ids) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
  const related = document.relationships.map((one: { relatedSpdxElement: string }) =>
    one.relatedSpdxElement
  );
  assert.deepEqual(related.toSorted(), ids.toSorted());
});

Deno.test("spdxDocument() is the same for the same build", () => {
  assert.equal(spdxDocument(OPTIONS), spdxDocument(OPTIONS));
});
