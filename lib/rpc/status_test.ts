import assert from "node:assert/strict";
import { decodeMessage, encodeMessage, readStatus, statusHeaders } from "./status.ts";

for (
  const [text, wire] of [
    ["plain text, as it is", "plain text, as it is"],
    ["100%", "100%25"],
    ["Zürich\n", "Z%C3%BCrich%0A"],
    ["snow ☃", "snow %E2%98%83"],
  ] as const
) {
  Deno.test(`encodeMessage() writes ${JSON.stringify(text)} as ${wire} and back`, () => {
    assert.equal(encodeMessage(text), wire);
    assert.equal(decodeMessage(wire), text);
  });
}

Deno.test("decodeMessage() keeps what is not percent-encoding", () => {
  assert.equal(decodeMessage("50% of %zz"), "50% of %zz");
});

Deno.test("statusHeaders() are read back by readStatus()", () => {
  const status = { code: 14, message: "Cannot reach x: 50% lost" };
  const headers = statusHeaders(status);
  assert.equal(headers[":status"], "200");
  assert.equal(headers["content-type"], "application/grpc");
  const seen = {
    "grpc-status": String(headers["grpc-status"]),
    "grpc-message": String(headers["grpc-message"]),
  };
  assert.deepEqual(readStatus(seen), status);
});

Deno.test("readStatus() gives nothing for trailers without a usable code", () => {
  assert.equal(readStatus({}), undefined);
  assert.equal(readStatus({ "grpc-status": "abc" }), undefined);
});
