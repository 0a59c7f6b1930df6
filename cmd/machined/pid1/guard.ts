/**
 * What keeps PID 1 alive. Its exit is a kernel panic, so nothing thrown anywhere may end it, and the
 * event loop must never run empty (signal listeners do not keep it turning, a timer does).
 */

const KEEPALIVE_MS = 60_000;

/** Catches what nothing else caught and keeps the event loop turning until the end of the machine. */
export function guardProcess(log: (line: string) => void): void {
  setInterval(() => {}, KEEPALIVE_MS);
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    log(`uncaught error: ${describeError(event.error ?? event.message)}`);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log(`unhandled rejection: ${describeError(event.reason)}`);
  });
}

/** An error with its stack and causes, on one line, bounded. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  while (current !== undefined && current !== null && parts.length < 4) {
    parts.push(current instanceof Error ? (current.stack ?? String(current)) : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(" caused by: ").replace(/\s*\n\s*/g, " | ").slice(0, 2000);
}
