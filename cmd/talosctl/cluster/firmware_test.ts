import assert from "node:assert/strict";
import { join } from "node:path";
import { findFirmware } from "./firmware.ts";

Deno.test("findFirmware() takes the first place that has both files, or says how to get them", async () => {
  const directory = await Deno.makeTempDir({ prefix: "firmware-test-" });
  try {
    const place = (name: string) => ({
      code: join(directory, `${name}_code.fd`),
      variables: join(directory, `${name}_vars.fd`),
    });
    const [half, whole] = [place("half"), place("whole")];
    for (const path of [half.code, whole.code, whole.variables]) await Deno.writeTextFile(path, "");
    assert.equal(await findFirmware(Deno, [half, whole]), whole);
    await assert.rejects(findFirmware(Deno, [half]), /install OVMF \(Debian: apt-get install ovmf/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
