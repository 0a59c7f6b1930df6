import assert from "node:assert/strict";
import { parse } from "$lib/cli/mod.ts";
import { FORMER_FLAGS, formerFlagNotes } from "./former_flags.ts";

function notes(...tokens: string[]): string[] {
  const { flags } = parse(tokens, FORMER_FLAGS, { usage: "", min: 0, max: 0 });
  return formerFlagNotes(flags as Parameters<typeof formerFlagNotes>[0]);
}

Deno.test("formerFlagNotes() tells which flags of 0.9 have no effect", () => {
  assert.deepEqual(notes(), []);
  assert.deepEqual(notes("--cni-bundle-url=https://a/b", "-p", "80:80/tcp", "--ipv4"), [
    "--cni-bundle-url has no effect on machines in QEMU",
    "--exposed-ports has no effect on machines in QEMU",
  ]);
});

for (
  const written of [
    "--init-node-as-endpoint",
    "--ipv6",
    "--ipv4=false",
    "--wireguard-cidr=10.1.0.0/24",
  ]
) {
  Deno.test(`formerFlagNotes() refuses ${written} and says why`, () => {
    assert.throws(() => notes(written), {
      name: "UsageError",
      message: new RegExp(`^flag ${written.split("=")[0]}\\S* is not supported: .+`),
    });
  });
}
