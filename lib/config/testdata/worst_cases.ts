/**
 * Files of the size that is parsed inline, each built to cost as much as it can. Run as a program
 * it reads them all, one after the other, and fails when one takes more than a second of CPU time;
 * its caller limits the heap.
 *
 * @module
 */
import process from "node:process";
import { INLINE_CONFIG_BYTES } from "../decode/text.ts";
import { parseConfig } from "../parse.ts";
import { validateConfig } from "../validate/validate.ts";

const HEAD = "version: v1alpha1\nmachine:\n  type: join\n  token: a\n";
const TAIL = "cluster:\n  controlPlane:\n    endpoint: https://1.2.3.4:6443\n";

/** `part` as often as fits into `size`. */
function fill(part: string | ((i: number) => string), size: number): string {
  const parts: string[] = [];
  let length = 0;
  while (length < size) {
    const next = typeof part === "string" ? part : part(parts.length);
    parts.push(next);
    length += next.length;
  }
  return parts.join("");
}

/** What makes a file of about `size` characters, by what is in it. */
export const WORST_CASES: Readonly<Record<string, (size: number) => string>> = {
  keys: (size) => `${HEAD}  sysctls:\n${fill((i) => `    k${i}: v\n`, size)}${TAIL}`,
  duplicateKeys: (size) => `${HEAD}  sysctls:\n${fill("    k: v\n", size)}${TAIL}`,
  unknownKeys: (size) => `${HEAD}${fill((i) => `  kubele${i}: v\n`, size)}${TAIL}`,
  items: (size) => `${HEAD}  certSANs:\n${fill("    - a\n", size)}${TAIL}`,
  flowItems: (size) => `${HEAD}  certSANs: [${fill("a,", size)}]\n${TAIL}`,
  commas: (size) => `${HEAD}  certSANs: [${fill(",", size)}]\n${TAIL}`,
  emptyMaps: (size) => `${HEAD}  certSANs: [${fill("{},", size)}]\n${TAIL}`,
  comments: (size) => `${HEAD}${fill("# x\n", size)}${TAIL}`,
  oneComment: (size) => `${HEAD}#${fill("x", size)}\n${TAIL}`,
  blankLines: (size) => `${HEAD}${fill("\n", size)}${TAIL}`,
  foldedLines: (size) => `${HEAD}  env:\n    a: >\n${fill("      x\n\n", size)}${TAIL}`,
  quotedLines: (size) => `${HEAD}  env:\n    a: "${fill("x\n\n      ", size)}"\n${TAIL}`,
  escapes: (size) => `${HEAD}  env: {a: "${fill("\\n", size)}"}\n${TAIL}`,
  brackets: (size) => `${HEAD}  env: ${fill("[", size)}`,
  dashes: (size) => `${HEAD}  env:\n    ${fill("- ", size)}`,
  staircase: (size) => {
    const depth = Math.floor(Math.sqrt(size * 2));
    return `${HEAD}  env:\n${
      Array.from({ length: depth }, (_, i) => `${" ".repeat(i + 4)}a:\n`).join("")
    }`;
  },
  anchors: (size) => `${HEAD}  sysctls:\n${fill((i) => `    k${i}: &a${i} v\n`, size)}${TAIL}`,
  aliases: (size) =>
    `${HEAD}  sysctls:\n    a: &a x\n${fill((i) => `    k${i}: *a\n`, size)}${TAIL}`,
  unknownAliases: (size) => `${HEAD}  sysctls:\n${fill((i) => `    k${i}: *z\n`, size)}${TAIL}`,
  laughs: (size) =>
    `${HEAD}  certSANs: &a [${fill("x,", size / 8)}x]\n  registries:\n    mirrors:\n${
      fill((i) => `      h${i}: {endpoints: *a}\n`, size / 4)
    }${TAIL}`,
  merges: (size) => `${HEAD}  sysctls: &s {a: b}\n  env:\n${fill("    <<: *s\n", size)}${TAIL}`,
  tags: (size) => `${HEAD}  sysctls:\n${fill((i) => `    k${i}: !t v\n`, size)}${TAIL}`,
  documents: (size) => fill("---\n", size),
  directives: (size) => fill("%YAML 1.2\n", size),
  syntaxErrors: (size) => fill("]", size),
  twoTags: (size) => fill("!a ", size),
  odd: (size) => fill("*a : *a\n", size),
  openQuotes: (size) => fill("'a\n", size),
  ruleBreaches: (size) =>
    `${HEAD}  network:\n    interfaces:\n${fill("      - {dhcp: true, cidr: x}\n", size)}${TAIL}`,
};

/** How much CPU time `work` takes. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** What the work below takes on a machine of today. */
const REFERENCE_MS = 200;

/** How much slower than a machine of today this one is, by work that has nothing to do with ours. */
function slowness(): number {
  const numbers = Array.from({ length: 100_000 }, (_, i) => `${i * 7_919}`);
  const text = JSON.stringify(numbers);
  const work = () => {
    for (let i = 0; i < 20; i++) (JSON.parse(text) as string[]).sort().join();
  };
  return Math.max(1, cpuMs(work) / REFERENCE_MS);
}

if (import.meta.main) {
  const slow: string[] = [];
  const limitMs = 1_000 * slowness();
  for (const [name, make] of Object.entries(WORST_CASES)) {
    // Once at full size, and once just below where its count of tokens is refused.
    for (const size of [INLINE_CONFIG_BYTES - 300, 60_000, 28_000]) {
      const text = make(size).slice(0, INLINE_CONFIG_BYTES);
      const ms = cpuMs(() => validateConfig(parseConfig(text), { mode: "metal", apply: true }));
      if (ms > limitMs) slow.push(`${name} at ${size}: ${Math.round(ms)} ms`);
    }
  }
  if (slow.length > 0) throw new Error(`Cannot read in a second: ${slow.join(", ")}`);
}
