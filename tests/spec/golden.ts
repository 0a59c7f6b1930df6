import assert from "node:assert/strict";
import { matches, type Run } from "./spec.ts";

/** A run of talosctl with what it has to print. */
export interface Golden {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Reads a golden file: blocks of `$ talosctl <args>`, the lines of stdout, those of stderr each
 * behind `! `, and `=> <code>`. `[WILDCARD]` stands for anything on its line.
 */
export function readGolden(text: string): Golden[] {
  return text.split(/^(?=\$ talosctl)/m).filter((block) => block.startsWith("$ ")).map((block) => {
    const [command = "", ...lines] = block.trimEnd().split("\n");
    const code = /^=> (\d+)$/.exec(lines.pop() ?? "")?.[1];
    assert.ok(code, `"${command}" does not end with "=> <code>"`);
    const err = lines.filter((line) => line.startsWith("!"));
    const out = lines.filter((line) => !line.startsWith("!"));
    return {
      args: words(command.slice("$ talosctl".length)),
      code: Number(code),
      stdout: joined(out),
      stderr: joined(err.map((line) => line.slice(2))),
    };
  });
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** The words of a command line; double quotes hold blanks together. */
function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** A run in the form of a golden file, for messages and for writing one. */
export function writeGolden(args: readonly string[], run: Run): string {
  const shown = args.map((arg) => /^[\w./:=@,-]+$/.test(arg) ? arg : `"${arg}"`).join(" ");
  const err = run.stderr.replace(/\n$/, "").split("\n").map((line) => `! ${line}`.trimEnd()).join(
    "\n",
  );
  return `$ talosctl ${shown}\n${run.stdout}${run.stderr === "" ? "" : `${err}\n`}=> ${run.code}\n`;
}

/** Whether a run is as wanted; blanks at the ends of lines are left to the unit tests. */
export function fits(run: Run, wanted: Golden): boolean {
  const trimmed = (text: string): string => text.replace(/[ \t]+$/gm, "");
  return run.code === wanted.code &&
    matches(trimmed(run.stdout), trimmed(wanted.stdout)) &&
    matches(trimmed(run.stderr), trimmed(wanted.stderr));
}

/** @throws {assert.AssertionError} with both texts when the run is not as wanted. */
export function assertGolden(run: Run, wanted: Golden): void {
  if (fits(run, wanted)) return;
  assert.equal(writeGolden(wanted.args, run), writeGolden(wanted.args, wanted));
  assert.fail(`the run of ${wanted.args.join(" ")} differs in blanks at line ends`);
}
