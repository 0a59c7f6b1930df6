/**
 * How long reading and validating a whole machine configuration takes, as JSON lines, beside what the
 * YAML library and a plain copy of its result take in the same run:
 *
 *     deno run -A tests/bench/config.ts [rounds]
 *
 * @module
 */
import { parse } from "yaml";
import {
  createSecrets,
  encodeConfig,
  generateConfig,
  parseConfig,
  validateConfig,
} from "$lib/config/mod.ts";
import { percentile } from "./_measure.ts";

const [rounds = 300] = Deno.args.map(Number);
/** Rounds before the first that counts: the compiler has seen the code by then. */
const WARM_UP = 100;

/** Milliseconds that `work` takes, each of many times. */
function times(work: () => unknown): { p50Ms: number; p99Ms: number } {
  const samples: number[] = [];
  for (let i = 0; i < WARM_UP + rounds; i++) {
    const start = performance.now();
    work();
    if (i >= WARM_UP) samples.push(performance.now() - start);
  }
  const rounded = (share: number) => Number(percentile(samples, share).toFixed(3));
  return { p50Ms: rounded(0.5), p99Ms: rounded(0.99) };
}

const config = generateConfig("controlplane", {
  clusterName: "bench",
  endpoint: "https://10.0.0.1:6443",
  secrets: await createSecrets({ now: new Date() }),
});
const forms = {
  plain: encodeConfig(config, { comments: false }),
  commented: encodeConfig(config, { examples: true }),
};
for (const [form, text] of Object.entries(forms)) {
  const read = times(() => {
    const { errors } = validateConfig(parseConfig(text), { mode: "metal", apply: true });
    if (errors.length > 0) throw new Error(`Cannot bench: ${errors[0]?.message}`);
  });
  const value: unknown = parse(text);
  // deno-lint-ignore no-console
  console.log(JSON.stringify({
    case: `decode and validate, ${form}`,
    bytes: text.length,
    ...read,
    baseline: {
      yamlParse: times(() => parse(text)),
      objectCopy: times(() => structuredClone(value)),
    },
  }));
}
