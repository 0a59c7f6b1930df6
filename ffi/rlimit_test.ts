import assert from "node:assert/strict";
import { getLimit, setLimit } from "./rlimit.ts";

Deno.test("setLimit() sets what getLimit() reads, and Infinity is no limit", () => {
  const before = getLimit("CORE");
  setLimit("CORE", { soft: 0, hard: before.hard });
  assert.deepEqual(getLimit("CORE", Deno.pid), { soft: 0, hard: before.hard });
  setLimit("CORE", before);
  assert.deepEqual(getLimit("CORE"), before);
  assert.equal(getLimit("CPU").soft, Infinity);
});

Deno.test("setLimit() throws for a soft limit above the hard one", () => {
  assert.throws(() => setLimit("CORE", { soft: 2, hard: 1 }), {
    code: "EINVAL",
    subject: "CORE",
  });
});

Deno.test("getLimit() throws ESRCH for nobody", () => {
  assert.throws(() => getLimit("CORE", 2 ** 30), { code: "ESRCH" });
});
