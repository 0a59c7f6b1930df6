import assert from "node:assert/strict";
import { join } from "node:path";
import { carryOut, readEntries } from "./esp.ts";
import { planBless, planInstall, planRollback, planUpgrade } from "./plan.ts";

Deno.test("carryOut() takes a disk from its first release through an upgrade, its trial and back", async () => {
  const root = await Deno.makeTempDir({ prefix: "esp-test-" });
  try {
    const esp = join(root, "esp");
    const program = join(root, "boot.efi");
    await Deno.writeTextFile(program, "one");
    await carryOut(esp, planInstall({ version: "v1", options: ["a=1"] }), program);
    await Deno.writeTextFile(program, "two");
    const upgrade = planUpgrade(await readEntries(esp), "a", { version: "v2", options: [] });
    await carryOut(esp, upgrade, program);
    assert.deepEqual(await names(join(esp, "loader/entries")), ["slot-a.conf", "slot-b+1.conf"]);
    assert.deepEqual(await names(join(esp, "EFI/slots")), ["a.efi", "b.efi"]);
    assert.equal(await Deno.readTextFile(join(esp, "EFI/slots/b.efi")), "two");
    await carryOut(esp, planBless(await readEntries(esp), "b"));
    await carryOut(esp, planRollback(await readEntries(esp), "b"));
    assert.deepEqual(
      (await readEntries(esp)).map(({ slot, generation, options }) => [slot, generation, options]),
      [["a", 3, ["a=1"]], ["b", 2, []]],
    );
    assert.equal(await Deno.readTextFile(join(esp, "EFI/slots/a.efi")), "one");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("carryOut() leaves the slot as it was when its program cannot be copied", async () => {
  const esp = await Deno.makeTempDir({ prefix: "esp-test-" });
  try {
    const program = join(esp, "boot.efi");
    await Deno.writeTextFile(program, "one");
    await carryOut(esp, planInstall({ version: "v1", options: [] }), program);
    const upgrade = planUpgrade(await readEntries(esp), "b", { version: "v2", options: [] });
    await assert.rejects(
      carryOut(esp, upgrade, join(esp, "missing.efi")),
      /Cannot write the release to the EFI system partition/,
    );
    assert.deepEqual(await names(join(esp, "loader/entries")), ["slot-a.conf"]);
    assert.deepEqual(await names(join(esp, "EFI/slots")), ["a.efi"]);
  } finally {
    await Deno.remove(esp, { recursive: true });
  }
});

async function names(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}
