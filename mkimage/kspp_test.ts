import assert from "node:assert/strict";
import { ACCEPTED, compareConfig, RECOMMENDATIONS, securityTable } from "./kspp.ts";

const THREE = [
  { option: "A", want: "y" },
  { option: "B", want: "n", runtime: "b=0" },
  { option: "C", want: "n" },
];

Deno.test("compareConfig() tells met, set at run time and not met apart", () => {
  const config = "CONFIG_A=y\n# CONFIG_X is not set\nCONFIG_B=m\nCONFIG_C=y\n";
  const standings = compareConfig(config, THREE).map(({ standing }) => standing);
  assert.deepEqual(standings, ["met", "at run time", "not met"]);
});

Deno.test("compareConfig() takes an absent option as n", () => {
  const standings = compareConfig("", THREE).map(({ standing }) => standing);
  assert.deepEqual(standings, ["not met", "met", "met"]);
});

Deno.test("securityTable() opens with the counts and with what is not met", () => {
  const lines = securityTable("6.1", compareConfig("CONFIG_C=y\n", THREE)).split("\n");
  assert.equal(lines[0], "Kernel 6.1: 1 met, 0 set at run time, 2 not met.");
  assert.equal(lines[4], "| CONFIG_A | y | n | not met |  |");
  assert.equal(lines.at(-1), "| CONFIG_B | n | n | met | b=0 |");
});

Deno.test("RECOMMENDATIONS names each option once, and ACCEPTED only such options", () => {
  const options = RECOMMENDATIONS.map(({ option }) => option);
  assert.equal(new Set(options).size, options.length);
  for (const option of ACCEPTED) assert.ok(options.includes(option), option);
});
