/**
 * Helpers for tests of this room: they say by name why a test was skipped.
 *
 * @module
 */
import assert from "node:assert/strict";

type Body = (t: Deno.TestContext) => void | Promise<void>;

/** What this host can do, asked once. */
const host = {
  root: Deno.uid() === 0,
  compiler: ["cc", "gcc", "clang"].find((name) => hasProgram(name)),
};

/** Whether `name` is a program on the PATH. */
export function hasProgram(name: string): boolean {
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`;
  return path.split(":").some((dir) => dir !== "" && exists(`${dir}/${name}`));
}

/** Whether `path` is there and may be seen. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A test that runs unless `missing` says what the host lacks; then it is skipped by that name. */
export function testUnless(missing: string | undefined | false, name: string, fn: Body): void {
  const suffix = missing ? ` (skipped: ${missing})` : "";
  Deno.test({ name: `${name}${suffix}`, ignore: Boolean(missing), fn });
}

/** A test that needs root, and what `missing` names beyond that. */
export function rootTest(name: string, fn: Body, missing?: string | false): void {
  // CI promises root: there a skip would hide that the promise is broken.
  const rootless = !host.root && Deno.env.get("CI") !== "true";
  testUnless(rootless ? "needs root" : missing, name, fn);
}

/** "needs <program>" when one of `programs` is not installed. */
export function lacksProgram(...programs: string[]): string | undefined {
  const missing = programs.find((program) => !hasProgram(program));
  return missing && `needs ${missing}`;
}

/** "needs <path>" when one of `paths` is not there. */
export function lacksPath(...paths: string[]): string | undefined {
  const missing = paths.find((path) => !exists(path));
  return missing && `needs ${missing}`;
}

/**
 * A test that the C compiler agrees with our numbers: `table` maps C expressions (sizeof, offsetof,
 * constants) over `headers` to what this room believes.
 */
export function layoutTest(
  subject: string,
  headers: readonly string[],
  table: Readonly<Record<string, number>>,
): void {
  testUnless(!host.compiler && "needs a C compiler", `${subject} agrees with C`, async () => {
    assert.deepEqual(await valuesInC(headers, Object.keys(table)), table);
  });
}

async function valuesInC(
  headers: readonly string[],
  expressions: readonly string[],
): Promise<Record<string, number>> {
  const dir = await Deno.makeTempDir({ prefix: "layout-" });
  try {
    const includes = ["stddef.h", "stdio.h", ...headers].map((h) => `#include <${h}>\n`).join("");
    const prints = expressions.map((e) => `printf("%lld\\n", (long long)(${e}));`).join("\n");
    await Deno.writeTextFile(
      `${dir}/layout.c`,
      `#define _GNU_SOURCE\n${includes}\nint main(void) {\n${prints}\nreturn 0; }\n`,
    );
    await output(host.compiler ?? "cc", ["-o", `${dir}/layout`, `${dir}/layout.c`]);
    const lines = (await output(`${dir}/layout`, [])).trim().split("\n");
    return Object.fromEntries(expressions.map((e, i) => [e, Number(lines[i])]));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** What `program` prints. @throws {Error} with its stderr when it fails. */
export async function output(program: string, args: string[]): Promise<string> {
  const env = { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin` };
  const result = await new Deno.Command(program, { args, env }).output();
  const decoder = new TextDecoder();
  if (!result.success) {
    throw new Error(`Cannot run "${program} ${args.join(" ")}": ${decoder.decode(result.stderr)}`);
  }
  return decoder.decode(result.stdout);
}

/**
 * Runs `script`, a module body, in a Deno of its own and gives what it prints as JSON: for calls
 * that change a whole process. `$ffi/` and its like resolve as in the repository.
 */
export async function inOwnProcess<T>(script: string, wrapper: string[] = []): Promise<T> {
  const root = new URL("../", import.meta.url).pathname;
  const dir = await Deno.makeTempDir({ prefix: "own-process-" });
  try {
    await Deno.writeTextFile(`${dir}/script.ts`, script);
    const deno = ["run", "-A", "--quiet", "--no-lock", "--config", `${root}deno.json`];
    const command = [...wrapper, Deno.execPath(), ...deno, `${dir}/script.ts`];
    return JSON.parse(await output(command[0] ?? "", command.slice(1))) as T;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Why device-mapper tests cannot run here, if so. */
export function lacksDeviceMapper(): string | undefined {
  const known = Deno.readTextFileSync("/proc/misc").includes("device-mapper");
  return known ? lacksPath("/dev/mapper/control") : "this kernel has no device mapper";
}
