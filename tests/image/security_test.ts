import assert from "node:assert/strict";
import { join } from "node:path";
import { ACCEPTED, compareConfig } from "../../mkimage/kspp.ts";
import { DIST, ROOT } from "../../mkimage/paths.ts";
import { withKernelTable } from "../../mkimage/security.ts";
import { noImage } from "./built.ts";

const reason = await noImage();
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: reason ? `${name} (${reason})` : name, ignore: reason !== undefined, fn });

test("compareConfig() of the shipped kernel finds nothing unmet that was not accepted", async () => {
  const config = await Deno.readTextFile(join(DIST, "kernel-config-amd64"));
  const unmet = compareConfig(config).filter(({ standing }) => standing === "not met");
  assert.deepEqual(unmet.map(({ option }) => option).sort(), [...ACCEPTED].sort());
});

test("docs/security.md has the table of the shipped kernel (mkimage security writes it)", async () => {
  const document = await Deno.readTextFile(join(ROOT, "docs", "security.md"));
  assert.equal(document, await withKernelTable(document, DIST));
});
