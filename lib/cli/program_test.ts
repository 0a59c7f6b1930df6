import assert from "node:assert/strict";
import { command, entry, exactly, group, UsageError } from "./command.ts";
import { complete, completionLines } from "./complete.ts";
import { flag } from "./flag.ts";
import { execute, type Output, type Program } from "./program.ts";

/** A program that notes what its commands were called with. */
function world(): {
  program: Program<string[]>;
  calls: unknown[];
  output: Output & { text: { out: string; err: string } };
} {
  const calls: unknown[] = [];
  const text = { out: "", err: "" };
  const add = command({
    summary: "Add a thing",
    args: exactly("<name>"),
    flags: {
      size: flag.int("its size", { short: "s" }),
      kind: flag.string("its kind", { choices: ["big", "small"] }),
    },
    run: async (flags, nodes: string[], args) => void calls.push({ flags, nodes, args }),
    complete: async (nodes, args) => [...nodes, ...args, "apple"].map((value) => ({ value })),
  });
  const fail = command({
    summary: "Fail",
    run: async (_flags, _session: string[]) => {
      throw new Error("Cannot do it: it is broken");
    },
  });
  const misuse = command({
    summary: "Fail as misused",
    run: async (_flags, _session: string[]) => {
      throw new UsageError('command "misuse" is not supported with multiple nodes');
    },
  });
  return {
    calls,
    output: {
      text,
      out: (data) => void (text.out += data),
      err: (data) => void (text.err += data),
    },
    program: {
      name: "prog",
      description: "A program",
      globals: { nodes: flag.list("target nodes", { short: "n" }) },
      commands: [
        {
          names: ["thing", "t"],
          load: () =>
            Promise.resolve(group({
              summary: "Manage things",
              flags: { state: flag.string("state directory", { fallback: "/state" }) },
              children: [entry(["add", "new"], add)],
            })),
        },
        entry(["fail"], fail),
        entry(["misuse"], misuse),
        { names: ["secret"], hidden: true, load: () => Promise.resolve(fail) },
      ],
      session: ({ flags }) => [...flags.nodes as string[]],
    },
  };
}

Deno.test("execute() runs the command with flags of all levels, wherever they stand", async () => {
  const { program, calls, output } = world();
  const tokens = ["-n", "a", "thing", "--state=/s", "add", "--size", "3", "x", "--nodes", "b,c"];
  assert.equal(await execute(program, tokens, output), 0);
  assert.deepEqual(calls, [{
    flags: { nodes: ["a", "b", "c"], state: "/s", size: 3, kind: "" },
    nodes: ["a", "b", "c"],
    args: ["x"],
  }]);
  assert.deepEqual(output.text, { out: "", err: "" });
});

Deno.test("execute() finds commands by their aliases", async () => {
  const { program, calls, output } = world();
  assert.equal(await execute(program, ["t", "new", "x"], output), 0);
  assert.equal(calls.length, 1);
});

Deno.test("execute() prints a failure on stderr without the usage and gives 1", async () => {
  const { program, output } = world();
  assert.equal(await execute(program, ["fail"], output), 1);
  assert.deepEqual(output.text, { out: "", err: "Cannot do it: it is broken\n" });
});

Deno.test("execute() adds the usage of the command to a usage error", async () => {
  const { program, output } = world();
  assert.equal(await execute(program, ["misuse"], output), 1);
  assert.match(
    output.text.err,
    /^command "misuse" is not supported.*\n\nUsage:\n {2}prog misuse \[flags\]\n/,
  );
  assert.equal(output.text.out, "");
});

Deno.test("execute() suggests what an unknown command may have meant", async () => {
  const { program, output } = world();
  assert.equal(await execute(program, ["thnig"], output), 1);
  assert.match(
    output.text.err,
    /^unknown command "thnig" for "prog"\n\nDid you mean this\?\n\tthing\n/,
  );
});

Deno.test("execute() prints help for a group, for --help and for help <command>", async () => {
  for (const tokens of [["thing"], ["thing", "--help"], ["help", "thing"]]) {
    const { program, output } = world();
    assert.equal(await execute(program, tokens, output), 0);
    assert.equal(
      output.text.out,
      `Manage things

Usage:
  prog thing [command]

Aliases:
  thing, t

Available Commands:
  add Add a thing

Flags:
  -h, --help           help for thing
      --state string   state directory (default "/state")

Global Flags:
  -n, --nodes strings   target nodes

Use "prog thing [command] --help" for more information about a command.
`,
    );
  }
});

Deno.test("execute() reports what closing a session throws only when the command went well", async () => {
  const { program, output } = world();
  const close = (): void => {
    throw new Error("1 error occurred");
  };
  assert.equal(await execute({ ...program, close }, ["t", "add", "x"], output), 1);
  assert.equal(output.text.err, "1 error occurred\n");
  output.text.err = "";
  assert.equal(await execute({ ...program, close }, ["fail"], output), 1);
  assert.equal(output.text.err, "Cannot do it: it is broken\n");
});

for (
  const [words, want] of [
    [[""], "thing\tManage things\nfail\tFail\nmisuse\tFail as misused\n:none\n"],
    [["th"], "thing\tManage things\n:none\n"],
    [["thing", ""], "add\tAdd a thing\n:none\n"],
    [
      ["thing", "add", "--"],
      "--nodes\ttarget nodes\n--state\tstate directory\n--size\tits size\n--kind\tits kind\n--help\tshow help\n:none\n",
    ],
    [["thing", "add", "--kind", ""], "big\nsmall\n:none\n"],
    [["thing", "add", "--kind", "s"], "small\n:none\n"],
    [["--nodes", "n1", "thing", "add", ""], "n1\napple\n:none\n"],
    [["thing", "--state", ""], ":files\n"],
    [["nonsense", ""], ":none\n"],
  ] as const
) {
  Deno.test(`complete() offers for "${words.join(" ")}"`, async () => {
    assert.equal(completionLines(await complete(world().program, words)), want);
  });
}
