import assert from "node:assert/strict";
import { keyOf, recordText, rowText } from "./json.ts";

for (
  const [name, key] of [
    ["NODE", "node"],
    ["LAST CHANGE", "lastChange"],
    ["SIZE(GB)", "sizeGb"],
    ["NTP-SERVER-TIME", "ntpServerTime"],
  ] as const
) Deno.test(`keyOf() makes ${key} of ${name}`, () => assert.equal(keyOf(name), key));

Deno.test("rowText() gives every column its cell, also one that is missing", () => {
  assert.deepEqual(JSON.parse(rowText(["NODE", "PERCENT USED"], ["a"])), {
    node: "a",
    percentUsed: "",
  });
});

Deno.test("recordText() makes a list of what goes on", () => {
  const rows = [["ID", "apid"], ["EVENTS", "two"], ["", "one"], ["", "none"]];
  assert.deepEqual(JSON.parse(recordText(rows)), { id: "apid", events: ["two", "one", "none"] });
});
