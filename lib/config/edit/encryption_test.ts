import assert from "node:assert/strict";
import type { MachineConfig } from "../schema/document.ts";
import { encryptionFault } from "./encryption.ts";

type Key = { readonly passphrase?: string };

function config(...keys: Key[]): MachineConfig {
  const listed = keys.map(({ passphrase }, slot) =>
    passphrase === undefined ? { slot, nodeID: {} } : { slot, static: { passphrase } }
  );
  const ephemeral = { provider: "luks2", keys: listed };
  const systemDiskEncryption = keys.length > 0 ? { ephemeral } : undefined;
  return { machine: { systemDiskEncryption } } as unknown as MachineConfig;
}

/** The same keys, for STATE. */
function state(...keys: Key[]): MachineConfig {
  const { ephemeral } = config(...keys).machine.systemDiskEncryption ?? {};
  return { machine: { systemDiskEncryption: { state: ephemeral } } } as unknown as MachineConfig;
}

const [A, B, NODE] = [{ passphrase: "a" }, { passphrase: "b" }, {}];

for (
  const [what, before, after, fault] of [
    ["lets keys come", config(A), config(B, A), undefined],
    ["lets keys go", config(A, NODE), config(NODE), undefined],
    ["has nothing to say without encryption", config(), config(), undefined],
    ["keeps a key that opens", config(A), config(B), /no key of the running configuration/],
    ["tells a passphrase from the machine's UUID", config(A), config(NODE), /no key/],
    ["does not encrypt what is there", config(), config(A), /is not encrypted: reset the machine/],
    ["does not decrypt what is there", config(A), config(), /is not decrypted: reset the machine/],
    [
      "does not encrypt a STATE that is there",
      state(),
      state(A),
      /Encryption\.state: .* encrypted/,
    ],
    [
      "does not decrypt a STATE that is there",
      state(A),
      state(),
      /Encryption\.state: .* decrypted/,
    ],
    ["lets all keys of STATE change at once", state(A), state(B), undefined],
  ] as const
) {
  Deno.test(`encryptionFault() ${what}`, () => {
    const said = encryptionFault(before, after);
    if (fault === undefined) assert.equal(said, undefined);
    else assert.match(said ?? "", fault);
  });
}
