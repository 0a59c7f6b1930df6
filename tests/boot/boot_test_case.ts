/** How boot tests are declared: skipped by name where the host cannot run them, with their tier. */

/** Why this host cannot boot the image, or nothing when it can. */
function missing(): string | undefined {
  try {
    new Deno.Command("qemu-system-x86_64", {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync();
  } catch {
    return "qemu-system-x86_64 is not installed";
  }
  try {
    Deno.statSync(new URL("../../dist/manifest.json", import.meta.url));
  } catch {
    return "dist/ holds no image, run `deno task image`";
  }
  return undefined;
}

const why = missing();
const tier = Deno.env.get("TEST_TIER") ?? "ci";

/** What a boot test may ask beside a host that can boot. */
interface Needs {
  /** `long` runs with `deno task test:long` only, `every` with both: what others of the file need. */
  readonly tier?: "ci" | "long" | "every";
  /** Another reason to skip, e.g. a missing program. */
  readonly unless?: string | undefined;
  /** It brings up the machine that the later tests of its file use. */
  readonly bringsUp?: boolean;
}

/** The test of this file that failed to bring up the machine of the others. */
let down: string | undefined;

/**
 * Declares a boot test. Machines outlive single tests of a file, so leaks are not looked for. Where the
 * machine of a file did not come up, its later tests fail at once instead of waiting for it in turn.
 */
export function bootTest(name: string, fn: () => Promise<void>, needs: Needs = {}): void {
  const wanted = needs.tier ?? "ci";
  if (wanted !== tier && wanted !== "every") return;
  const reason = why ?? needs.unless;
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (down !== undefined) throw new Error(`Cannot test: "${down}" failed`);
      if (needs.bringsUp) down = name;
      await fn();
      if (needs.bringsUp) down = undefined;
    },
  });
}
