/**
 * Runs the test suites and adds up what they say: minutes a suite, then one closing line.
 *
 *     deno run -A tests/run.ts [--tier=ci|long] [suite …]
 *
 * Where a suite tests the built image, it is built first when it is missing or older than its sources,
 * and so are the programs that unit tests run for real. What a host cannot do is skipped by name, with
 * the reason in the name; with CI=true a skipped image or boot test counts as a failure.
 *
 * @module
 */
import { buildComponents } from "./built_components.ts";
import { buildImageIfStale, type BuiltImage } from "./built_image.ts";
import { hostPath } from "./host_path.ts";

const TIERS = ["ci", "long"];

/** A set of test files that share their needs. */
interface Suite {
  readonly name: string;
  readonly paths: readonly string[];
  /** Files run side by side. */
  readonly jobs: number;
  /**
   * Each file in a process of its own: where tests play client and server of HTTP/2, one session of the
   * runtime can spoil what a later one stands on (denoland/deno#36788).
   */
  readonly isolated?: boolean;
  /** A skip is a failure where CI=true. */
  readonly required: boolean;
  /** It tests the image in dist/. */
  readonly image?: boolean;
}

/** Tests of what lies in this folder itself. */
const OWN_TESTS = [
  "tests/bench",
  "tests/endurance",
  "tests/powercut",
  ...["run", "built_image", "generated", "host_path"].map((name) => `tests/${name}_test.ts`),
];

const SUITES: readonly Suite[] = [
  {
    name: "unit",
    paths: ["cmd", "lib", "ffi", "proto", "mkimage", "tests/lint", ...OWN_TESTS],
    // Files that run side by side share one process, and with it the descriptors some tests count.
    jobs: 1,
    required: false,
  },
  { name: "spec", paths: ["tests/spec"], jobs: 1, required: false, isolated: true },
  {
    name: "conformance",
    paths: ["tests/conformance"],
    jobs: 1,
    required: false,
    isolated: true,
  },
  { name: "image", paths: ["tests/image"], jobs: 1, required: true, image: true },
  // One machine at a time: emulated, two of them slow each other down more than they save on two cores.
  { name: "boot", paths: ["tests/boot"], jobs: 1, required: true, image: true },
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

/**
 * Runs a suite; once more when the runner itself died before it counted anything: the runtime's HTTP/2
 * can end a process with an assertion (denoland/deno#36788), and that process is the runner's own
 * wherever a test plays client or server in it. A test that fails is never run again.
 */
async function run(suite: Suite, tier: string): Promise<Outcome> {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const paths of suite.isolated ? await testFiles(suite.paths) : [suite.paths]) {
    const part = { ...suite, paths };
    let outcome = await runOnce(part, tier);
    if (!outcome) {
      say(`${suite.name}: the test runner died without a count, running ${paths.join(" ")} again`);
      outcome = await runOnce(part, tier) ?? { passed: 0, failed: 1, skipped: 0 };
    }
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped += outcome.skipped;
  }
  return total;
}

/** Every test file right below `folders`, each as a list of one. */
async function testFiles(folders: readonly string[]): Promise<string[][]> {
  const files: string[][] = [];
  for (const folder of folders) {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith("_test.ts")) files.push([`${folder}/${name}`]);
    }
  }
  return files.sort();
}

/** One run; nothing when the runner did not get to its count. */
async function runOnce(suite: Suite, tier: string): Promise<Outcome | undefined> {
  const parallel = suite.jobs > 1 ? ["--parallel"] : [];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--no-check", ...parallel, ...suite.paths],
    env: {
      TEST_TIER: tier,
      DENO_JOBS: String(suite.jobs),
      NO_COLOR: "1",
      PATH: await hostPath(),
    },
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
  const outcome = readSummary(output);
  if (!outcome) return undefined;
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

/** What `args` ask for. @throws {TypeError} for a tier or a suite that there is not. */
export function readArgs(
  args: readonly string[],
): { readonly tier: string; readonly suites: readonly Suite[] } {
  const tier = args.find((arg) => arg.startsWith("--tier="))?.slice(7) ?? "ci";
  if (!TIERS.includes(tier)) {
    throw new TypeError(`Cannot run tier "${tier}": the tiers are ${TIERS.join(", ")}`);
  }
  const names = args.filter((arg) => !arg.startsWith("--tier="));
  const unknown = names.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    const known = SUITES.map(({ name }) => name).join(", ");
    throw new TypeError(`Cannot run suite "${unknown}": the suites are ${known}`);
  }
  return { tier, suites: names.length ? SUITES.filter((s) => names.includes(s.name)) : SUITES };
}

/** Builds the image and the programs that tests run; adds what took its time to `lines`. */
async function build(lines: string[]): Promise<BuiltImage> {
  const start = performance.now();
  const image = await buildImageIfStale(say);
  const programs = image === "absent" || await buildComponents(say);
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  lines.push(`${"build".padEnd(12)} ${minutes} min  image ${image}`);
  return programs ? image : "broken";
}

async function main(args: readonly string[]): Promise<number> {
  const { tier, suites } = readArgs(args);
  const lines: string[] = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  // Before all tests: those of units run what is built for the image, and more, where it is there.
  const image = suites.some((suite) => suite.image) ? await build(lines) : undefined;
  for (const suite of suites) {
    const start = performance.now();
    const outcome = suite.image && image === "broken"
      ? { passed: 0, failed: 1, skipped: 0 }
      : await run(suite, tier);
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    const note = suite.image && image === "broken" ? ": not run, its image could not be built" : "";
    lines.push(`${suite.name.padEnd(12)} ${minutes} min  ${outcome.passed} passed${note}`);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped += outcome.skipped;
  }
  for (const line of lines) say(line);
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    say(error.message);
    Deno.exit(2);
  }
}
