import assert from "node:assert/strict";
import { inlineScalar } from "../encode/scalar.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { base64, bool, diskSize, fileMode, int, readInteger, type ScalarType } from "./scalars.ts";
import { suggest } from "../decode/suggest.ts";

const INTEGERS: [string, number | undefined][] = [
  ["12", 12],
  ["-7", -7],
  ["+7", 7],
  ["1_000", 1000],
  ["0x1F", 31],
  ["0o17", 15],
  ["017", 15],
  ["0b11", 3],
  ["2.0", 2],
  ["2.5", undefined],
  ["089", 89],
  ["", undefined],
  ["12a", undefined],
  ["99999999999999999999", undefined],
];
for (const [text, want] of INTEGERS) {
  Deno.test(`readInteger() reads "${text}" as ${want}`, () => {
    assert.equal(readInteger(text), want);
  });
}

const READ: [ScalarType, string, unknown][] = [
  [bool, "Yes", true],
  [bool, "off", false],
  [bool, "1", undefined],
  [int, "2147483648", undefined],
  [diskSize, "100 MB", 100_000_000],
  [diskSize, "4GiB", 4_294_967_296],
  [diskSize, "1,024", 1024],
  [diskSize, "1.5k", 1500],
  [diskSize, "-1", undefined],
  [diskSize, "9999 PB", undefined],
  [fileMode, "0644", 0o644],
  [fileMode, "0o1777", 0o1777],
  [fileMode, "0o17777", undefined],
  [base64, "aGk=", "hi"],
  [base64, "aG\n k=", undefined],
  [base64, "aGk", undefined],
];
for (const [type, text, want] of READ) {
  Deno.test(`a ${type.name} reads ${JSON.stringify(text)} as ${want}`, () => {
    assert.equal(type.read({ text, plain: true }), want);
  });
}

Deno.test("a file mode is written in octal", () => {
  assert.equal(inlineScalar(fileMode.write(0o44)), "0o044");
});

const DURATIONS: [string, number, string][] = [
  ["1h", 3_600_000, "1h0m0s"],
  ["90s", 90_000, "1m30s"],
  ["1.5s", 1_500, "1.5s"],
  ["250ms", 250, "250ms"],
  ["1h0.5s", 3_600_500, "1h0m0.5s"],
  ["-2m", -120_000, "-2m0s"],
  ["0", 0, "0s"],
  ["3us", 0.003, "3µs"],
];
for (const [text, ms, written] of DURATIONS) {
  Deno.test(`parseDuration() reads ${text}, formatDuration() writes ${written}`, () => {
    assert.equal(parseDuration(text), ms);
    assert.equal(formatDuration(ms), written);
  });
}
for (const text of ["", "1", "h", "1 h", "1d", "1h-1m", "999999999h"]) {
  Deno.test(`parseDuration() refuses "${text}"`, () => {
    assert.equal(parseDuration(text), undefined);
  });
}

const QUOTED = [
  "",
  "yes",
  "NULL",
  "1.5",
  "0x1",
  "1e3",
  "12:30",
  "2021-01-01",
  "- a",
  "a: b",
  "a #b",
];
const PLAIN = ["a", "10.0.0.1", "10.0.0.0/8", "a:b", "a#b", "v1.2", "https://a/b", "--flag", "a b"];
Deno.test("inlineScalar() quotes what a YAML reader would take for something else", () => {
  for (const text of [...QUOTED, " a", "a ", "*", "&a", "!a", "@a", "ü", "a\nb", "~", "<<", "{a"]) {
    assert.match(inlineScalar(text), /^"/, text);
  }
  for (const text of PLAIN) assert.equal(inlineScalar(text), text);
});

const KNOWN = ["hostname", "interfaces", "nameservers", "wireguard", "lacpRate", "vip"];
const MEANT: [string, string | undefined][] = [
  ["hostnmae", "hostname"],
  ["interface", "interfaces"],
  ["wireguardConfig", "wireguard"],
  ["lacprate", "lacpRate"],
  ["vpi", "vip"],
  ["completely", undefined],
  ["x".repeat(100), undefined],
];
for (const [key, want] of MEANT) {
  Deno.test(`suggest() takes "${key.slice(0, 20)}" for ${want}`, () => {
    assert.equal(suggest(key, KNOWN), want);
  });
}
