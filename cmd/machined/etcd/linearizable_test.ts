import assert from "node:assert/strict";
import { linearizableFault, type Operation } from "./_linearizable.ts";

const write = (value: string, fromMs: number, toMs: number): Operation => (
  { kind: "write", value, fromMs, toMs }
);
const read = (value: string, fromMs: number, toMs: number): Operation => (
  { kind: "read", value, fromMs, toMs }
);

const CASES: readonly { name: string; history: Operation[]; fault?: RegExp }[] = [
  { name: "takes a register that nobody wrote to", history: [read("", 0, 1), read("", 2, 3)] },
  { name: "takes one after the other", history: [write("a", 0, 1), read("a", 2, 3)] },
  {
    name: "takes a read during a write with either value",
    history: [write("a", 0, 1), write("b", 2, 9), read("a", 3, 4), read("b", 5, 6)],
  },
  {
    name: "takes writes at the same time in any order",
    history: [write("a", 0, 9), write("b", 0, 9), read("b", 10, 11), read("b", 12, 13)],
  },
  {
    name: "takes a write of unknown outcome that is seen late, or never",
    history: [write("a", 0, Infinity), write("b", 1, Infinity), read("", 2, 3), read("b", 90, 91)],
  },
  {
    name: "refuses a value of before after the one that followed it",
    history: [write("a", 0, 1), write("b", 2, 3), read("b", 4, 5), read("a", 6, 7)],
    fault: /"a" was seen until 6, and "b" from 3|"b" came and went/,
  },
  {
    name: "refuses a stale read after a write has ended",
    history: [write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)],
    fault: /"b" came and went by 3, and "a" stood all the time/,
  },
  {
    name: "refuses a write that got lost",
    history: [write("a", 0, 1), read("", 2, 3)],
    fault: /stood all the time/,
  },
  {
    name: "refuses a value back and forth",
    history: [
      write("a", 0, 20),
      write("b", 0, 20),
      read("a", 1, 2),
      read("b", 3, 4),
      read("a", 5, 6),
    ],
    fault: /"a"|"b"/,
  },
  { name: "refuses what nobody wrote", history: [read("x", 0, 1)], fault: /never written/ },
  {
    name: "refuses what is read before it is written",
    history: [read("a", 0, 1), write("a", 2, 3)],
    fault: /before it was written/,
  },
];

for (const { name, history, fault } of CASES) {
  Deno.test(`linearizableFault() ${name}`, () => {
    const found = linearizableFault(history);
    if (fault) assert.match(found ?? "", fault);
    else assert.equal(found, undefined);
  });
}

Deno.test("linearizableFault() agrees with trying every order", () => {
  let refused = 0;
  for (let round = 0; round < 3_000; round++) {
    const history = randomHistory();
    const fault = linearizableFault(history);
    if (fault !== undefined) refused++;
    assert.equal(fault === undefined, tryAll(history, ""), JSON.stringify(history));
  }
  assert.ok(refused > 300 && refused < 2_700, `${refused} of 3,000 refused`);
});

function randomHistory(): Operation[] {
  const time = () => Math.floor(Math.random() * 100) + Math.random();
  const values = ["a", "b", "c"];
  const writes = values.map((value) => {
    const fromMs = time();
    const toMs = Math.random() < 0.2 ? Infinity : fromMs + time() / 2;
    return write(value, fromMs, toMs);
  });
  const reads = Array.from({ length: 3 }, () => {
    const fromMs = time();
    const value = ["", ...values][Math.floor(Math.random() * 4)]!;
    return read(value, fromMs, fromMs + time() / 2);
  });
  return [...writes, ...reads];
}

/** Whether some order of the operations that are left explains them; a lost write may be left out. */
function tryAll(left: readonly Operation[], value: string): boolean {
  if (left.every(({ kind, toMs }) => kind === "write" && toMs === Infinity)) return true;
  const firstEnd = Math.min(...left.map(({ toMs }) => toMs));
  return left.some((operation, index) => {
    if (operation.fromMs > firstEnd) return false;
    if (operation.kind === "read" && operation.value !== value) return false;
    return tryAll(left.toSpliced(index, 1), operation.value);
  });
}
