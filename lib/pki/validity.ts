/** From when to when a certificate holds. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The longest time a certificate is backdated by, for clocks that run behind ours. */
export const MAX_BACKDATE_MS = 5 * 60_000;

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** Milliseconds in `hours`. */
export function hoursMs(hours: number): number {
  return hours * HOUR_MS;
}

/**
 * A validity that ends `lifetimeMs` after `now` and starts a little before it: five minutes, or a
 * tenth of a lifetime under fifty minutes. Whole seconds, as certificates have no finer time.
 */
export function validity(now: Date, lifetimeMs: number): Validity {
  if (!(lifetimeMs >= SECOND_MS)) {
    throw new RangeError(`Cannot choose validity: a lifetime of ${lifetimeMs} ms is under 1 s`);
  }
  const backdateMs = Math.min(MAX_BACKDATE_MS, lifetimeMs / 10);
  return {
    notBefore: wholeSeconds(now.getTime() - backdateMs),
    notAfter: wholeSeconds(now.getTime() + lifetimeMs),
  };
}

/** The time is outside the life of the CA: nothing that it signs would hold. */
export class OutsideValidityError extends RangeError {
  override readonly name = "OutsideValidityError";
}

/** `inner` cut to what `outer` covers: a leaf that outlives its CA would fail without a word. */
export function within(inner: Validity, outer: Validity): Validity {
  const cut = {
    notBefore: new Date(Math.max(inner.notBefore.getTime(), outer.notBefore.getTime())),
    notAfter: new Date(Math.min(inner.notAfter.getTime(), outer.notAfter.getTime())),
  };
  if (cut.notBefore < cut.notAfter) return cut;
  throw new OutsideValidityError(
    `Cannot choose validity: the CA holds only from ${outer.notBefore.toISOString()} ` +
      `to ${outer.notAfter.toISOString()}`,
  );
}

/**
 * When to renew: at half of the validity, a fixed time that asking again does not move. A time that
 * has passed, or a certificate that is not valid yet (issued by a clock that ran ahead), gives `now`.
 */
export function renewAt(notBefore: Date, notAfter: Date, now: Date): Date {
  if (now < notBefore) return now;
  const half = notBefore.getTime() + (notAfter.getTime() - notBefore.getTime()) / 2;
  return new Date(Math.max(half, now.getTime()));
}

/** From when to when a certificate is to be used, milliseconds since 1970. */
export interface Term {
  readonly fromMs: number;
  readonly renewAtMs: number;
}

/** The term of a certificate with this validity. */
export function termOf({ notBefore, notAfter }: Validity, now: Date): Term {
  return {
    fromMs: notBefore.getTime(),
    renewAtMs: renewAt(notBefore, notAfter, now).getTime(),
  };
}

/** Whether it is to be used now. One that is not valid yet is not: the clock was set back. */
export function isInTerm(nowMs: number, { fromMs, renewAtMs }: Term): boolean {
  return nowMs >= fromMs && nowMs < renewAtMs;
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / SECOND_MS) * SECOND_MS);
}
