import assert from "node:assert/strict";
import { lastLines } from "./wait.ts";

Deno.test("lastLines() gives the end of a console without what terminals act on", () => {
  const console = "first\r\n\x1b[1;31msecond\x1b[0m\n\n\x07third\x00\n   \n";
  assert.deepEqual(lastLines(console, 2), ["second", "third"]);
  assert.deepEqual(lastLines("", 5), []);
});
