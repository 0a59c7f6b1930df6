import { isStreaming } from "./streaming.ts";

/** Milliseconds of each unit letter of `grpc-timeout`. */
const UNIT_MS: Record<string, number> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** How long calls may take when they say nothing, and at most, in milliseconds. */
export interface DeadlineRules {
  /** For a unary call without a deadline of its own. */
  readonly unaryMs: number;
  /** The same for one that waits for an image to come. */
  readonly imageMs: number;
  /** Longest deadline that is honoured; a longer one is cut to this. */
  readonly maxMs: number;
}

/** The rules every role starts from: five minutes for a unary call, a day at most. */
export const DEADLINES: DeadlineRules = {
  unaryMs: 300_000,
  imageMs: 1_800_000,
  maxMs: 86_400_000,
};

/** Methods that pull an image before they answer; clients of 0.9 call them without a deadline. */
const PULLING: ReadonlySet<string> = new Set(["/machine.MachineService/Upgrade"]);

/** Milliseconds in a `grpc-timeout` value. @throws {SyntaxError} when it is not one. */
export function parseTimeout(value: string): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  if (!match) throw new SyntaxError(`Cannot parse grpc-timeout: "${value.slice(0, 32)}"`);
  return Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0);
}

/** `ms` as a `grpc-timeout` value. */
export function formatTimeout(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms));
  return whole < 100_000_000 ? `${whole}m` : `${Math.ceil(whole / 1_000)}S`;
}

/**
 * How long the call of `path` may take: what it asks for up to the maximum; else the unary default; a stream
 * that asks for nothing may stay open for ever (undefined).
 */
export function deadlineMs(
  timeout: string | undefined,
  path: string,
  rules: DeadlineRules,
): number | undefined {
  if (timeout !== undefined) return Math.min(parseTimeout(timeout), rules.maxMs);
  if (isStreaming(path)) return undefined;
  return PULLING.has(path) ? rules.imageMs : rules.unaryMs;
}
