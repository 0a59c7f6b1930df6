/**
 * Runs the benchmarks of this folder one after another and prints their JSON lines, each with the name
 * of its benchmark in front. Names as arguments choose some.
 *
 *     deno task bench [name …]
 *
 * @module
 */
import { textLines } from "$lib/service/mod.ts";
import { hostPath } from "../host_path.ts";
import { benchmarkNames, labelled } from "./_benchmarks.ts";

const FOLDER = new URL("./", import.meta.url).pathname;

/** Runs one benchmark; false when it failed. */
async function bench(name: string): Promise<boolean> {
  note(`bench: ${name}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${FOLDER}${name}.ts`],
    env: { PATH: await hostPath() },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  for await (const line of textLines(child.stdout)) {
    const text = labelled(name, line);
    if (text === undefined) note(line);
    else Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  }
  const { success, code } = await child.status;
  if (!success) note(`bench: ${name} failed with ${code}`);
  return success;
}

function note(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

const files = (await Array.fromAsync(Deno.readDir(FOLDER))).map(({ name }) => name);
const names = benchmarkNames(files);
const unknown = Deno.args.find((name) => !names.includes(name));
if (unknown !== undefined) {
  note(`Cannot run benchmark "${unknown}": there are ${names.join(", ")}`);
  Deno.exit(2);
}
let failed = 0;
for (const name of Deno.args.length ? Deno.args : names) if (!await bench(name)) failed++;
Deno.exit(failed === 0 ? 0 : 1);
