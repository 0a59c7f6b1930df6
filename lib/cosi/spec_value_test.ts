import assert from "node:assert/strict";
import { frozenCopy, oncePerSpec, sameValue } from "./spec_value.ts";

Deno.test("frozenCopy() freezes through and through, and leaves the original alone", () => {
  const given = { list: [{ a: 1 }], none: undefined };
  const made = frozenCopy(given);
  assert.deepEqual(made, { list: [{ a: 1 }] });
  assert.ok(Object.isFrozen(made) && Object.isFrozen(made.list) && Object.isFrozen(made.list[0]));
  given.list.push({ a: 2 });
  assert.equal(made.list.length, 1);
});

Deno.test("frozenCopy() makes no second copy of its own work", () => {
  const made = frozenCopy({ deep: { er: 1 } });
  assert.equal(frozenCopy(made), made);
  assert.equal(frozenCopy({ deep: made.deep }).deep, made.deep);
});

Deno.test("frozenCopy() keeps a field named __proto__ a field", () => {
  const given = JSON.parse('{"__proto__": {"polluted": true}}');
  const made = frozenCopy(given);
  assert.equal(Object.getPrototypeOf(made), Object.prototype);
  assert.ok(sameValue(made, given));
});

Deno.test("oncePerSpec() derives once of a spec, and each time of what may change", () => {
  let times = 0;
  const size = oncePerSpec((list: readonly number[]) => (times++, list.length));
  const spec = frozenCopy([1, 2]);
  assert.deepEqual([size(spec), size(spec), times], [2, 2, 1]);
  const own = [1];
  assert.equal(size(own), 1);
  own.push(2);
  assert.deepEqual([size(own), times], [2, 3]);
});

for (
  const [a, b, same] of [
    [{ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1, c: 2 }, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [null, {}, false],
    [NaN, NaN, true],
    ["1", 1, false],
  ] as const
) {
  Deno.test(`sameValue() of ${JSON.stringify(a)} and ${JSON.stringify(b)} is ${same}`, () => {
    assert.equal(sameValue(a, b), same);
  });
}
