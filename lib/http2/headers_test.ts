import assert from "node:assert/strict";
import { HeaderDecoder } from "./header_decoder.ts";
import { HeaderEncoder } from "./header_encoder.ts";
import { type BlockKind, FieldCollector, type OutgoingFields } from "./headers.ts";
import { huffmanText } from "./huffman.ts";
import { Http2Error } from "./wire.ts";

function read(decoder: HeaderDecoder, block: Uint8Array, kind: BlockKind = "request") {
  const collector = new FieldCollector(kind, 1 << 16);
  decoder.decode(block, collector);
  return collector;
}

Deno.test("HeaderDecoder reads the Huffman-coded requests of RFC 7541, appendix C.4", () => {
  const decoder = new HeaderDecoder();
  const first = {
    ":method": "GET",
    ":scheme": "http",
    ":path": "/",
    ":authority": "www.example.com",
  };
  const cases = [
    ["828684418cf1e3c2e5f23a6ba0ab90f4ff", first],
    ["828684be5886a8eb10649cbf", { ...first, "cache-control": "no-cache" }],
    ["828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", {
      ...first,
      ":scheme": "https",
      ":path": "/index.html",
      "custom-key": "custom-value",
    }],
  ] as const;
  for (const [hex, want] of cases) {
    assert.deepEqual({ ...read(decoder, Uint8Array.fromHex(hex)).fields }, want);
  }
});

const BROKEN: readonly (readonly [what: string, hex: string])[] = [
  ["index 0", "80"],
  ["an index past both tables", "ff00"],
  ["an index that does not end", "ffffffff"],
  ["a huge index", "ffffffffff7f"],
  ["a name that is cut off", "400a637573"],
  ["a value that is cut off", "4001610a62"],
  ["a table larger than allowed", "3fe2ff01"],
  ["a table that changes inside a block", "823f"],
  ["a Huffman string with zeros as padding", "400161811800"],
  ["a Huffman string that holds its own end", "400161843fffffff"],
];
for (const [what, hex] of BROKEN) {
  Deno.test(`HeaderDecoder refuses ${what}`, () => {
    assert.throws(() => read(new HeaderDecoder(), Uint8Array.fromHex(hex)), Http2Error);
  });
}

Deno.test("HeaderDecoder reads or refuses every cut and every changed bit of a block", () => {
  const block = Uint8Array.fromHex(
    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf".replace("bf", "84"),
  );
  const survives = (bytes: Uint8Array): void => {
    try {
      read(new HeaderDecoder(), bytes);
    } catch (error) {
      assert.ok(error instanceof Http2Error, String(error));
    }
  };
  for (let length = 0; length < block.length; length++) survives(block.subarray(0, length));
  for (let bit = 0; bit < block.length * 8; bit++) {
    const changed = block.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    survives(changed);
  }
});

Deno.test("huffmanText() reads what RFC 7541 codes", () => {
  assert.equal(huffmanText(Uint8Array.fromHex("f1e3c2e5f23a6ba0ab90f4ff")), "www.example.com");
  const date = "d07abe941054d444a8200595040b8166e082a62d1bff";
  assert.equal(huffmanText(Uint8Array.fromHex(date)), "Mon, 21 Oct 2013 20:13:21 GMT");
});

Deno.test("HeaderEncoder's blocks are read back, through evictions and a table that shrinks", () => {
  const encoder = new HeaderEncoder();
  const decoder = new HeaderDecoder();
  for (let round = 0; round < 500; round++) {
    if (round === 200) encoder.resize(100);
    if (round === 300) encoder.resize(4_096);
    const fields: OutgoingFields = {
      "grpc-timeout": `${round}m`,
      ":path": `/service.${round % 7}/Method${round % 60}`,
      ":method": "POST",
      ":scheme": "https",
      "content-type": "application/grpc",
      token: "secret",
      nodes: ["a", `b${round % 50}`],
      "x-long": "v".repeat(round * 3),
      "x-none": undefined,
      "x-bytes": "\xff\x80",
    };
    const { fields: got, fault } = read(decoder, encoder.block(fields));
    assert.equal(fault, undefined);
    assert.deepEqual({ ...got }, {
      "grpc-timeout": `${round}m`,
      ":path": fields[":path"],
      ":method": "POST",
      ":scheme": "https",
      "content-type": "application/grpc",
      token: "secret",
      nodes: `a, b${round % 50}`,
      "x-long": fields["x-long"],
      "x-bytes": "\xff\x80",
    });
  }
});

Deno.test("HeaderEncoder says a field that comes again in one byte, and never a secret", () => {
  const encoder = new HeaderEncoder();
  const fields = { ":path": "/a.B/C", te: "trailers" };
  encoder.block(fields);
  assert.equal(encoder.block(fields).length, 2);
  assert.equal(encoder.block({ token: "abc" }).length, encoder.block({ token: "abc" }).length);
  assert.equal(encoder.block({ token: "abc" })[0], 0x10);
});

Deno.test("HeaderEncoder refuses a value that would begin another field", () => {
  assert.throws(() => new HeaderEncoder().block({ "x-a": "1\r\nx-b: 2" }), /header "x-a"/);
});

const MALFORMED: readonly (readonly [string, BlockKind, readonly (readonly [string, string])[]])[] =
  [
    ["an upper-case name", "request", [["X-A", "1"]]],
    ["an empty name", "request", [["", "1"]]],
    ["a value with a line end", "request", [["x-a", "1\n2"]]],
    ["a path with a space behind it", "request", [[":path", "/ "]]],
    ["a connection field", "request", [["connection", "close"]]],
    ["te of another value", "request", [["te", "gzip"]]],
    ["a pseudo-field twice", "request", [[":path", "/"], [":path", "/"]]],
    ["a pseudo-field behind others", "request", [["x-a", "1"], [":path", "/"]]],
    ["a pseudo-field of a response", "request", [[":status", "200"]]],
    ["a pseudo-field in trailers", "trailers", [[":path", "/"]]],
    ["no path", "request", [[":method", "POST"], [":scheme", "http"]]],
    ["no status", "response", [["x-a", "1"]]],
  ];
for (const [what, kind, fields] of MALFORMED) {
  Deno.test(`FieldCollector finds ${what} malformed`, () => {
    const collector = new FieldCollector(kind, 1_000);
    for (const [name, value] of fields) collector.add(name, value);
    assert.notEqual(collector.complete(), undefined);
  });
}

Deno.test("FieldCollector strips space around the values of fields", () => {
  const collector = new FieldCollector("request", 1_000);
  for (const value of [" 10.0.0.1", "10.0.0.2\t ", "  ", "a\u00a0"]) collector.add("nodes", value);
  assert.equal(collector.fault, undefined);
  assert.equal(collector.fields["nodes"], "10.0.0.1, 10.0.0.2, , a\u00a0");
});

Deno.test("FieldCollector keeps no more than its limit", () => {
  const collector = new FieldCollector("request", 1_000);
  for (let i = 0; i < 100; i++) collector.add(`x-${i}`, "v".repeat(100));
  assert.equal(collector.overflowed, true);
  assert.ok(Object.keys(collector.fields).length < 10);
});
