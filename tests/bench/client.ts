/**
 * How long talosctl takes on this host, as the portable file that users get: its own version, and
 * that of a node on loopback. Beside it the runtime in it with an empty script.
 *
 * ```sh
 * deno run -A tests/bench/client.ts [runs]
 * ```
 *
 * @module
 */
import { join } from "node:path";
import { DIST, ROOT } from "../../mkimage/paths.ts";
import { run } from "../../mkimage/run.ts";
import { TestNode, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { testRoutes } from "../../cmd/talosctl/testing/machine.ts";
import { percentile } from "./_measure.ts";
import { print } from "./_process.ts";

const PROGRAM = join(DIST, "talosctl");

interface Wall {
  readonly minMs: number;
  readonly p50Ms: number;
}

async function wall(runs: number, once: () => Promise<unknown>): Promise<Wall> {
  // The first run unpacks, or fills the caches.
  await once();
  const samples: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await once();
    samples.push(performance.now() - start);
  }
  const [minMs, p50Ms] = [percentile(samples, 0), percentile(samples, 0.5)].map(Math.round);
  return { minMs: minMs ?? NaN, p50Ms: p50Ms ?? NaN };
}

const runs = Number(Deno.args[0] ?? 15);
await run(Deno.execPath(), ["run", "-A", "mkimage/compile.ts", "--only", "talosctl"], {
  cwd: ROOT,
});
const home = await Deno.makeTempDir({ prefix: "bench-client-" });
const pki = await testPki();
const node = await TestNode.start(pki, (router) => testRoutes(router, {}));
try {
  const config = join(home, "talosconfig");
  await Deno.writeTextFile(config, testTalosconfig(pki, { endpoints: [node.endpoint] }));
  const empty = join(home, "empty.js");
  await Deno.writeTextFile(empty, "");
  const env = { HOME: home };
  const baseline = await wall(
    runs,
    () => run(Deno.execPath(), ["run", "--no-config", empty], { env }),
  );
  const commands = { client: ["version", "--client"], node: ["version"] };
  for (const [target, args] of Object.entries(commands)) {
    const ours = await wall(runs, () => run(PROGRAM, ["--talosconfig", config, ...args], { env }));
    print({
      command: `talosctl ${args.join(" ")}`,
      target,
      ...ours,
      baseline: { name: "runtime, empty script", ...baseline },
      ratio: Math.round(ours.minMs / baseline.minMs * 10) / 10,
      goalMs: 250,
    });
  }
} finally {
  await node[Symbol.asyncDispose]();
  await Deno.remove(home, { recursive: true });
}
