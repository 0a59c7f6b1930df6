import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DataSchema, EmptyResponseSchema } from "$proto/common/common_pb.ts";
import { VersionResponseSchema } from "$proto/machine/machine_pb.ts";
import { concatBytes } from "./frames.ts";
import { failureMessage, hostnameField, replyOf, withHostname } from "./metadata.ts";

const FIELD = hostnameField("node-ä");

Deno.test("withHostname() labels every element and keeps what it held", () => {
  const reply = toBinary(
    VersionResponseSchema,
    create(VersionResponseSchema, {
      messages: [
        { version: { tag: "a".repeat(300) } },
        { version: { tag: "b" }, metadata: { hostname: "old", error: "kept" } },
        {},
      ],
    }),
  );
  const { messages } = fromBinary(VersionResponseSchema, withHostname(reply, FIELD));
  assert.deepEqual(messages.map((m) => m.metadata?.hostname), ["node-ä", "node-ä", "node-ä"]);
  assert.deepEqual(messages.map((m) => m.version?.tag), ["a".repeat(300), "b", undefined]);
  assert.equal(messages[1]?.metadata?.error, "kept");
});

Deno.test("withHostname() gives an empty reply one element that holds the label", () => {
  const { messages } = fromBinary(EmptyResponseSchema, withHostname(new Uint8Array(0), FIELD));
  assert.deepEqual(messages.map((m) => m.metadata?.hostname), ["node-ä"]);
});

Deno.test("withHostname() passes fields that it does not know", () => {
  // field 2 varint, field 3 of 8 bytes, field 4 of 4 bytes, field 5 of 2 bytes
  const others = Uint8Array.of(16, 150, 1, 25, 1, 2, 3, 4, 5, 6, 7, 8, 37, 1, 2, 3, 4, 42, 2, 9, 9);
  const labelled = withHostname(concatBytes([others, Uint8Array.of(10, 0)]), FIELD);
  assert.deepEqual([...labelled.subarray(0, others.length)], [...others]);
});

for (
  const [what, bytes] of [
    ["cut inside an element", [10, 5, 1]],
    ["cut inside a varint", [10]],
    ["of a group", [11]],
    ["of an endless varint", [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ["of a length past the end", [10, 255, 255, 255, 255, 255, 255, 255, 127]],
  ] as const
) {
  Deno.test(`withHostname() refuses a reply ${what}`, () => {
    assert.throws(() => withHostname(Uint8Array.from(bytes), FIELD), SyntaxError);
  });
}

Deno.test("hostnameField() appended to a stream message labels it", () => {
  const bytes = toBinary(DataSchema, create(DataSchema, { bytes: Uint8Array.of(1, 2) }));
  const data = fromBinary(DataSchema, concatBytes([bytes, FIELD]));
  assert.equal(data.metadata?.hostname, "node-ä");
  assert.deepEqual([...data.bytes], [1, 2]);
});

Deno.test("failureMessage() is Metadata with hostname, error and status", () => {
  const bytes = failureMessage("n1", { code: 14, message: "gone" }, "rpc error: gone");
  const [element] = fromBinary(EmptyResponseSchema, replyOf(bytes)).messages;
  assert.equal(element?.metadata?.hostname, "n1");
  assert.equal(element?.metadata?.error, "rpc error: gone");
  assert.equal(element?.metadata?.status?.code, 14);
  assert.equal(element?.metadata?.status?.message, "gone");
});
