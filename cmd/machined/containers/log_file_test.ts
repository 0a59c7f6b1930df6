import assert from "node:assert/strict";
import { readLogFile } from "./log_file.ts";

const NEVER = new AbortController().signal;

async function temporaryLog(text: string): Promise<{ path: string } & AsyncDisposable> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/0.log`;
  await Deno.writeTextFile(path, text);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
}

async function read(path: string, lines: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of readLogFile(path, { lines, follow: false }, NEVER)) {
    text += decoder.decode(bytes, { stream: true });
  }
  return text;
}

const CASES: readonly [text: string, lines: number, want: string][] = [
  ["a\nb\nc\n", -1, "a\nb\nc\n"],
  ["a\nb\nc\n", 2, "b\nc\n"],
  ["a\nb\nc", 2, "b\nc"],
  ["a\nb\nc\n", 3, "a\nb\nc\n"],
  ["a\nb\nc\n", 9, "a\nb\nc\n"],
  ["a\nb\nc\n", 0, ""],
  ["", 5, ""],
];
for (const [text, lines, want] of CASES) {
  Deno.test(`readLogFile() of ${JSON.stringify(text)} gives the last ${lines} lines`, async () => {
    await using log = await temporaryLog(text);
    assert.equal(await read(log.path, lines), want);
  });
}

Deno.test("readLogFile() finds lines that lie chunks before the end", async () => {
  const long = `${"x".repeat(100_000)}\n`;
  await using log = await temporaryLog(`first\n${long}${long}`);
  assert.equal(await read(log.path, 2), long + long);
});

Deno.test("readLogFile() goes on in the file that takes the place of a rotated one", async () => {
  await using log = await temporaryLog("one\n");
  const leaving = new AbortController();
  const seen: string[] = [];
  for await (const bytes of readLogFile(log.path, { lines: -1, follow: true }, leaving.signal)) {
    seen.push(new TextDecoder().decode(bytes));
    if (seen.join("") === "one\n") {
      await Deno.writeTextFile(log.path, "two\n", { append: true });
      await Deno.rename(log.path, `${log.path}.old`);
      await Deno.writeTextFile(log.path, "three\n");
    }
    if (seen.join("").endsWith("three\n")) leaving.abort();
  }
  assert.equal(seen.join(""), "one\ntwo\nthree\n");
});
