import assert from "node:assert/strict";
import { KernelCmdline } from "./mod.ts";

const CASES = [
  {
    name: "takes words and values",
    line: "ro root=/dev/dm-0",
    want: [["ro"], ["root", "/dev/dm-0"]],
  },
  { name: "drops quotes around a value", line: 'a="b c" d', want: [["a", "b c"], ["d"]] },
  { name: "drops quotes around a word", line: '"a=b c" d', want: [["a", "b c"], ["d"]] },
  { name: "keeps quotes inside a value", line: 'a=x" "y', want: [["a", 'x" "y']] },
  { name: "splits at the first =", line: "a=b=c", want: [["a", "b=c"]] },
  { name: "keeps an empty value", line: "slab_nomerge=", want: [["slab_nomerge", ""]] },
  { name: "ends an open quote with the line", line: 'a="b c', want: [["a", "b c"]] },
  { name: "stops at --", line: "a -- b", want: [["a"]] },
  { name: "takes any run of blanks", line: "\ta \n b\0", want: [["a"], ["b"]] },
  { name: "takes an empty line", line: "", want: [] },
  { name: "takes a key that starts with =", line: "=x", want: [["=x"]] },
];
for (const { name, line, want } of CASES) {
  Deno.test(`KernelCmdline.parse() ${name}`, () => {
    const got = KernelCmdline.parse(line).args.map(({ key, value }) =>
      value === undefined ? [key] : [key, value]
    );
    assert.deepEqual(got, want);
  });
}

Deno.test("KernelCmdline getters tell first, last, all and lists apart", () => {
  const cmdline = KernelCmdline.parse("console=tty0 console=ttyS0 x=a,b x=,c quiet");
  assert.equal(cmdline.first("console"), "tty0");
  assert.equal(cmdline.last("console"), "ttyS0");
  assert.deepEqual(cmdline.all("console"), ["tty0", "ttyS0"]);
  assert.deepEqual(cmdline.list("x"), ["a", "b", "c"]);
  assert.equal(cmdline.has("quiet"), true);
  assert.equal(cmdline.has("qui"), false);
  assert.equal(cmdline.last("quiet"), "");
  assert.equal(cmdline.last("absent"), undefined);
});

Deno.test("KernelCmdline.parse() takes any text, and what it read survives being written", () => {
  const alphabet = ['"', "=", " ", "-", "a", "b", ",", "\t", "é", ":"];
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  for (let round = 0; round < 20_000; round++) {
    const line = Array.from({ length: random(24) }, () => alphabet[random(alphabet.length)]).join(
      "",
    );
    const parsed = KernelCmdline.parse(line);
    // A quote inside a value cannot be written back unambiguously; the kernel has no escape.
    if (line.includes('"')) continue;
    assert.deepEqual(KernelCmdline.parse(parsed.toString()).args, parsed.args, line);
  }
});

Deno.test("KernelCmdline.toString() quotes what holds blanks", () => {
  const line = 'dyndbg="file drm.c +p" ro "odd key=v"';
  const parsed = KernelCmdline.parse(line);
  assert.equal(parsed.toString(), line);
});

Deno.test("KernelCmdline.parse() reads the line of the running kernel", () => {
  const line = Deno.readTextFileSync("/proc/cmdline");
  const cmdline = KernelCmdline.parse(line);
  assert.equal(KernelCmdline.parse(cmdline.toString()).args.length, cmdline.args.length);
});
