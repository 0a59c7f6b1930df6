import assert from "node:assert/strict";
import { configText, MAX_CONFIG_BYTES } from "./text.ts";

const utf16 = (text: string, bigEndian: boolean): Uint8Array => {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), !bigEndian);
  return new Uint8Array(view.buffer);
};

const READ: [string, Uint8Array][] = [
  ["UTF-8", new TextEncoder().encode("a: ü")],
  ["UTF-8 with a mark", new TextEncoder().encode("\uFEFFa: ü")],
  ["UTF-16 with a mark, little end first", utf16("\uFEFFa: ü", false)],
  ["UTF-16 with a mark, big end first", utf16("\uFEFFa: ü", true)],
];
for (const [name, bytes] of READ) {
  Deno.test(`configText() reads ${name}`, () => assert.equal(configText(bytes), "a: ü"));
}

const REFUSED: [string, string | Uint8Array, RegExp][] = [
  ["bytes that are not UTF-8", new Uint8Array([0x61, 0xFF, 0x61]), /not UTF-8 text/],
  ["UTF-16 without a mark", utf16("a: b", false), /line 1 has the control character U\+0000/],
  ["UTF-16 cut in half", utf16("\uFEFFab", false).slice(0, 5), /not UTF-16LE text/],
  ["a NUL", "a: 1\nb: \0\n", /line 2 has the control character U\+0000/],
  ["an escape sequence", "a: \x1B[31m", /U\+001b/],
  ["more than the limit", "#".repeat(MAX_CONFIG_BYTES + 1), /4194305 bytes are more than/],
  ["more bytes than the limit", "ü".repeat(MAX_CONFIG_BYTES / 2 + 1), /more than the limit/],
];
for (const [name, source, message] of REFUSED) {
  Deno.test(`configText() refuses ${name}`, () => {
    assert.throws(() => configText(source), message);
  });
}

Deno.test("configText() takes a text of exactly the limit", () => {
  assert.equal(configText("#".repeat(MAX_CONFIG_BYTES)).length, MAX_CONFIG_BYTES);
});
