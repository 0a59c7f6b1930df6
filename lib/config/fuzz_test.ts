import assert from "node:assert/strict";
import process from "node:process";
import { encodeConfig } from "./encode/encode.ts";
import { configText, MAX_CONFIG_BYTES } from "./decode/text.ts";
import { parseConfig } from "./parse.ts";
import { suiteFiles } from "./testdata/suite.ts";
import { validateConfig } from "./validate/validate.ts";

/** How many mutants a run makes: the full ten thousand belong to the longer tier. */
const MUTANTS = Deno.env.get("TEST_TIER") === "long" ? 10_000 : 1_500;

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SNIPPETS = [
  "&a ",
  "*a",
  "<<: *a\n",
  "? ",
  "- ",
  ": ",
  "[",
  "]",
  "{",
  "}",
  ",",
  "|\n",
  ">-\n",
  '"',
  "'",
  "!!binary ",
  "!!int ",
  "!t ",
  "\0",
  "\uFEFF",
  "\t",
  "\r\n",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "#",
  "~",
  "null",
  "yes",
  "0o777",
  "1e999",
  "-1",
  "99999999999999999999",
  "\u2028",
  "\uD800",
  "😀",
  "__proto__: 1\n",
  "constructor: 1\n",
  "machine:\n",
  "cluster: *a\n",
  "    ",
  "\n\n",
  "@",
  "`",
  "\\",
  "\x1B[2J",
  "a".repeat(2_000),
];

/** A text with one to four things done to it. */
function mutate(text: string, next: () => number): string {
  let result = text;
  const at = () => Math.floor(next() * (result.length + 1));
  for (let i = Math.floor(next() * 4); i >= 0; i--) {
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    const piece = result.slice(from, Math.min(to, from + 200));
    switch (Math.floor(next() * 6)) {
      case 0:
        result = result.slice(0, from) + result.slice(from + piece.length);
        break;
      case 1:
        result = result.slice(0, to) + piece + result.slice(to);
        break;
      case 2: {
        const lines = result.split("\n");
        const [a, b] = [Math.floor(next() * lines.length), Math.floor(next() * lines.length)];
        [lines[a], lines[b]] = [lines[b] ?? "", lines[a] ?? ""];
        result = lines.join("\n");
        break;
      }
      case 3: {
        const code = Math.floor(next() * 128);
        result = result.slice(0, from) + String.fromCharCode(code) + result.slice(from + 1);
        break;
      }
      default: {
        const snippet = SNIPPETS[Math.floor(next() * SNIPPETS.length)] ?? "";
        result = result.slice(0, from) + snippet + result.slice(from);
      }
    }
  }
  return result;
}

Deno.test(`parseConfig() accepts or explains each of ${MUTANTS} mutants`, async () => {
  const files = [...await suiteFiles("valid"), ...await suiteFiles("invalid")];
  const seeds = files.map(({ text }) => text).filter((text) => text.length < 20_000);
  const next = random(30);
  let accepted = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const text = mutate(seeds[i % seeds.length] ?? "", next);
    const hint = `mutant ${i}: ${JSON.stringify(text)}`;
    const before = process.cpuUsage();
    const parsed = parseConfig(text);
    const verdict = validateConfig(parsed, { mode: "metal", apply: true });
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 1_000_000, hint);
    for (const { message } of [...verdict.errors, ...verdict.warnings]) {
      assert.ok(message.length > 0 && message.length < 3_000, hint);
    }
    assert.equal(parsed.config === undefined, parsed.errors.length > 0, hint);
    if (!parsed.config) continue;
    accepted++;
    const again = parseConfig(encodeConfig(parsed.config), { own: true });
    assert.deepEqual(again.errors, [], hint);
    assert.deepEqual(again.config, parsed.config, hint);
  }
  // A fuzzer all of whose mutants are refused at the door would prove nothing.
  assert.ok(accepted > MUTANTS / 20, `${accepted} accepted`);
  assert.ok(accepted < MUTANTS * 0.9, `${accepted} accepted`);
  assert.equal(({} as Record<string, unknown>).constructor, Object);
});

Deno.test("parseConfig() reads the worst 256 KiB in a second of CPU and a heap of 64 MiB", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--v8-flags=--max-old-space-size=64,--disallow-code-generation-from-strings",
      new URL("./testdata/worst_cases.ts", import.meta.url).pathname,
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr).slice(-2_000));
});

Deno.test("parseConfig() refuses 32 MiB of comments by their size", () => {
  const comments = `machine: {}\n${"# comment\n".repeat(3_355_443)}`;
  const started = process.cpuUsage();
  const { errors } = parseConfig(comments);
  assert.match(errors[0]?.message ?? "", /more than the limit of 4194304/);
  const { user } = process.cpuUsage(started);
  assert.ok(user < 200_000, `${user} µs`);
  assert.throws(() => configText(new Uint8Array(MAX_CONFIG_BYTES + 1)));
});
