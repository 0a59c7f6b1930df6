import assert from "node:assert/strict";
import { UsageError } from "./command.ts";
import { flag } from "./flag.ts";
import { parse } from "./parse.ts";

const FLAGS = {
  follow: flag.boolean("follow", { short: "f" }),
  wait: flag.boolean("wait", { fallback: true }),
  noReboot: flag.boolean("on reboot", { hidden: true }),
  tail: flag.int("lines", { fallback: -1 }),
  nodes: flag.list("nodes", { short: "n" }),
  mode: flag.string("mode", { short: "m", choices: ["metal", "cloud"] }),
};
const ANY = { usage: "", min: 0, max: Infinity };

function read(...tokens: string[]): ReturnType<typeof parse> {
  return parse(tokens, FLAGS, ANY);
}

Deno.test("parse() gives fallbacks for what is not written", () => {
  const { flags, args, given } = read();
  assert.deepEqual(flags, {
    follow: false,
    wait: true,
    noReboot: false,
    tail: -1,
    nodes: [],
    mode: "",
  });
  assert.deepEqual(args, []);
  assert.equal(given.size, 0);
});

Deno.test("parse() reads flags wherever they stand among the arguments", () => {
  const { flags, args } = read("a", "--tail", "5", "b", "-f", "-n", "x,y", "--nodes=z", "c");
  assert.deepEqual(args, ["a", "b", "c"]);
  assert.equal(flags.tail, 5);
  assert.equal(flags.follow, true);
  assert.deepEqual(flags.nodes, ["x", "y", "z"]);
});

Deno.test("parse() reads switches that are given a value", () => {
  assert.equal(read("--wait=false").flags.wait, false);
  assert.equal(read("--wait=0").flags.wait, false);
  assert.equal(read("--follow=true").flags.follow, true);
  assert.equal(read("--wait=false", "--wait=true").flags.wait, true);
  assert.throws(() => read("--wait=perhaps"), /invalid argument for flag --wait/);
});

Deno.test("parse() leaves a switch undecided that is not written", () => {
  const flags = { wait: flag.undecided("wait", "true on a terminal") };
  const wait = (...tokens: string[]) => parse(tokens, flags, ANY).flags["wait"];
  assert.deepEqual([wait(), wait("--wait"), wait("--wait=false")], [undefined, true, false]);
});

Deno.test("parse() does not take a flag's value for a flag", () => {
  assert.deepEqual(read("--nodes", "--wait=false").flags.nodes, ["--wait=false"]);
});

Deno.test("parse() reads letters in one word and a value stuck to its letter", () => {
  const { flags } = read("-fnx", "-mmetal");
  assert.deepEqual([flags.follow, flags.nodes, flags.mode], [true, ["x"], "metal"]);
});

Deno.test("parse() takes everything after two dashes as arguments", () => {
  const { args, flags } = read("--", "-f", "--wait=false");
  assert.deepEqual(args, ["-f", "--wait=false"]);
  assert.equal(flags.wait, true);
});

Deno.test("parse() knows a flag whose name begins with no-", () => {
  assert.equal(read("--no-reboot").flags.noReboot, true);
});

Deno.test("parse() takes a negative number as a value", () => {
  assert.equal(read("--tail", "-1").flags.tail, -1);
});

for (
  const [tokens, want] of [
    [["--folow"], /^unknown flag: --folow\n\nDid you mean this\?\n\t--follow\n$/],
    [["--xyz=1"], /^unknown flag: --xyz$/],
    [["-x"], /^unknown shorthand flag: 'x' in -x$/],
    [["--tail"], /^flag needs an argument: --tail$/],
    [["--tail", "many"], /^invalid argument for flag --tail: "many" is not an integer$/],
    [["-m", "moon"], /^invalid argument for flag --mode: "moon" is none of metal, cloud$/],
  ] as const
) {
  Deno.test(`parse() refuses ${tokens.join(" ")}`, () => {
    assert.throws(() => read(...tokens), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, want);
      return true;
    });
  });
}

for (
  const [count, min, max, want] of [
    [0, 1, 1, "accepts 1 arg(s), received 0"],
    [2, 1, 1, "accepts 1 arg(s), received 2"],
    [0, 1, 2, "requires at least 1 arg(s), only received 0"],
    [3, 0, 2, "accepts at most 2 arg(s), received 3"],
  ] as const
) {
  Deno.test(`parse() counts arguments: ${want}`, () => {
    const tokens = Array.from({ length: count }, () => "x");
    assert.throws(() => parse(tokens, {}, { usage: "", min, max }), { message: want });
  });
}

Deno.test("parse() asks for required flags, but not when help is wanted", () => {
  const flags = {
    ca: flag.string("ca", { required: true }),
    key: flag.string("key", { required: true }),
  };
  assert.throws(() => parse(["--ca", "x"], flags, ANY), {
    message: 'required flag(s) "key" not set',
  });
  assert.throws(() => parse([], flags, ANY), { message: 'required flag(s) "ca", "key" not set' });
  assert.equal(parse(["-h"], flags, ANY).help, true);
});
