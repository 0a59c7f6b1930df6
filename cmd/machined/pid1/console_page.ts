/** The page on the console: what helps when the API cannot be reached. */
import { maintenanceHint } from "./maintenance_hint.ts";

/** What the page tells. */
export interface NodeSummary {
  readonly hostname: string;
  readonly addresses: readonly string[];
  /** What the node does right now, e.g. `boot: startEverything` or `running`. */
  readonly stage: string;
  readonly version: string;
  /** SHA-256 of the public key that the API presents, or nothing before there is one. */
  readonly fingerprint: string | undefined;
  readonly lastError: string | undefined;
  /** Whether the node waits for its configuration. */
  readonly maintenance: boolean;
}

const WIDTH = 78;

/** The page as lines of at most 78 columns. */
export function consolePage(summary: NodeSummary): string[] {
  const rows: [string, string][] = [
    ["hostname", summary.hostname],
    ["addresses", summary.addresses.join(", ") || "none yet"],
    ["stage", summary.stage],
    ["version", summary.version],
    ["fingerprint", summary.fingerprint ?? "no API certificate yet"],
  ];
  if (summary.lastError !== undefined) rows.push(["last error", summary.lastError]);
  const hint = summary.maintenance ? maintenanceHint(summary.addresses, summary.fingerprint) : [];
  const rule = "-".repeat(WIDTH);
  return [
    rule,
    ...rows.map(([name, value]) => `  ${name.padEnd(12)} ${printable(value)}`.slice(0, WIDTH)),
    rule,
    ...hint.map((line) => line === "" ? line : `  ${printable(line)}`),
    ...hint.length > 0 ? [rule] : [],
  ];
}

/** Keeps the console from being driven by control characters of a hostname or an error. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
}

/** Writes the page whenever it changed, at most every `periodMs`. */
export class ConsolePage {
  readonly #summary: () => NodeSummary;
  readonly #write: (text: string) => void;
  #shown = "";

  constructor(deps: { summary: () => NodeSummary; write: (text: string) => void }) {
    this.#summary = deps.summary;
    this.#write = deps.write;
  }

  /** Shows the page now if it is not what was shown last. */
  refresh(): void {
    const text = consolePage(this.#summary()).join("\r\n");
    if (text === this.#shown) return;
    this.#shown = text;
    this.#write(`\r\n${text}\r\n`);
  }

  /** Keeps the page up to date until the signal fires. */
  keep(periodMs: number, signal: AbortSignal): void {
    const timer = setInterval(() => this.refresh(), periodMs);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }
}
