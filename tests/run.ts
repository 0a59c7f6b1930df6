/**
 * Runs the test suites and adds up what they say: minutes a suite, then one closing line.
 *
 *     deno run -A tests/run.ts [--tier=ci|long] [suite …]
 *
 * What a host cannot do is skipped by name, with the reason in the name; with CI=true a skipped boot
 * test counts as a failure.
 *
 * @module
 */

/** A set of test files that share their needs. */
interface Suite {
  readonly name: string;
  readonly paths: readonly string[];
  /** Files run side by side. */
  readonly jobs: number;
  /** A skip is a failure where CI=true. */
  readonly required: boolean;
}

const SUITES: readonly Suite[] = [
  {
    name: "unit",
    paths: ["cmd", "lib", "ffi", "proto", "mkimage", "tests/lint", "tests/run_test.ts"],
    jobs: 2,
    required: false,
  },
  { name: "spec", paths: ["tests/spec"], jobs: 1, required: false },
  { name: "conformance", paths: ["tests/conformance"], jobs: 1, required: false },
  { name: "image", paths: ["tests/image"], jobs: 1, required: true },
  { name: "boot", paths: ["tests/boot"], jobs: 2, required: true },
];

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The counts in the last line of a run of `deno test`. */
export function readSummary(output: string): Outcome | undefined {
  // deno-lint-ignore no-control-regex
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const match =
    /(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/
      .exec(plain);
  if (!match) return undefined;
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) };
}

async function run(suite: Suite, tier: string): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--no-check", "--parallel", ...suite.paths],
    env: { TEST_TIER: tier, DENO_JOBS: String(suite.jobs), NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output = (output + text).slice(-1_000_000);
    await Deno.stdout.write(new TextEncoder().encode(text));
  }
  const { success } = await child.status;
  const outcome = readSummary(output) ?? { passed: 0, failed: success ? 0 : 1, skipped: 0 };
  if (!success && outcome.failed === 0) return { ...outcome, failed: 1 };
  if (suite.required && outcome.skipped > 0 && Deno.env.get("CI") === "true") {
    say(`${suite.name}: ${outcome.skipped} skipped, which CI does not allow`);
    return { ...outcome, failed: outcome.failed + outcome.skipped, skipped: 0 };
  }
  return outcome;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function main(args: string[]): Promise<number> {
  const tier = args.find((arg) => arg.startsWith("--tier="))?.slice(7) ?? "ci";
  const names = args.filter((arg) => !arg.startsWith("-"));
  const chosen = names.length ? SUITES.filter(({ name }) => names.includes(name)) : SUITES;
  const lines: string[] = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of chosen) {
    const start = performance.now();
    const outcome = await run(suite, tier);
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    lines.push(`${suite.name.padEnd(12)} ${minutes} min  ${outcome.passed} passed`);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped += outcome.skipped;
  }
  for (const line of lines) say(line);
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
