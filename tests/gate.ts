/**
 * The gate that every commit passes: format, lint, types, the .proto files, and that what is generated
 * is committed as its sources say. On a developer's machine the unit tests follow; with CI=true they
 * do not, since the test command that comes next runs them.
 *
 *     deno task ok
 *
 * @module
 */
import { join } from "node:path";
import { generatedDocs } from "../lib/config/docs.ts";
import { differences, readTree } from "./generated.ts";
import { hostPath } from "./host_path.ts";

const ROOT = new URL("../", import.meta.url).pathname;
/** Pinned here and in the task `gen`. */
const BUF = "npm:@bufbuild/buf@1.74.0";

interface Step {
  readonly name: string;
  /** Throws when the step does not pass. */
  run(): Promise<void>;
}

const STEPS: readonly Step[] = [
  { name: "format", run: () => deno("fmt", "--check") },
  { name: "lint", run: () => deno("lint", "--quiet") },
  { name: "types", run: () => deno("task", "--quiet", "check") },
  { name: "buf lint", run: () => deno("run", "-A", "--quiet", BUF, "lint") },
  { name: "proto/gen", run: checkProto },
  { name: "docs", run: checkDocs },
  ...Deno.env.get("CI") === "true"
    ? []
    : [{ name: "unit tests", run: () => deno("run", "-A", "tests/run.ts", "unit") }],
];

async function deno(...args: string[]): Promise<void> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { PATH: await hostPath() },
    stdin: "null",
  }).spawn().status;
  if (code !== 0) throw new Error(`"deno ${args.join(" ")}" gave ${code}`);
}

/** Generates beside the tree, not into it: others may be reading it. */
async function checkProto(): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "gate-" });
  try {
    await deno("run", "-A", "--quiet", BUF, "generate", "--output", work);
    const fresh = await readTree(join(work, "proto/gen"));
    refuse(differences(await readTree(join(ROOT, "proto/gen")), fresh), "deno task gen");
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function checkDocs(): Promise<void> {
  const fresh = new Map(Object.entries(generatedDocs()));
  const committed = new Map<string, string>();
  for (const path of fresh.keys()) {
    committed.set(path, await Deno.readTextFile(join(ROOT, path)).catch(() => ""));
  }
  refuse(differences(committed, fresh), "deno run -A lib/config/docs.ts");
}

function refuse(different: readonly string[], command: string): void {
  if (different.length === 0) return;
  throw new Error(
    `run "${command}", these are not what their sources say: ${different.join(", ")}`,
  );
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) {
  const failed: string[] = [];
  for (const { name, run } of STEPS) {
    const start = performance.now();
    try {
      await run();
      say(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed.push(name);
      say(`FAILED  ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (failed.length > 0) Deno.exit(1);
}
