/** A configuration read and held against every rule, as plain data that can cross to another thread. */
import {
  type Finding,
  type MachineConfig,
  type Mode,
  parseConfig,
  type ParseOptions,
  validateConfig,
} from "$lib/config/mod.ts";

/** What is read, and how. */
export interface ReadOrder extends ParseOptions {
  readonly source: string | Uint8Array;
  readonly mode: Mode;
}

/** What came out. */
export interface Reading {
  readonly text: string;
  /** Absent when there are errors. */
  readonly config?: MachineConfig;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Reads and validates. */
export function readConfig({ source, mode, ...options }: ReadOrder): Reading {
  const parsed = parseConfig(source, options);
  const { errors, warnings } = validateConfig(parsed, { mode, apply: true });
  const { text, config } = parsed;
  return { text, errors, warnings, ...(config && errors.length === 0 ? { config } : {}) };
}
