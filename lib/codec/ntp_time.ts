/** Seconds from 1900, where NTP counts from, to 1970. */
const UNIX_EPOCH = 2_208_988_800n;
const ERA = 1n << 32n;
/** 2020-01-01 in NTP seconds: no server tells an earlier time, so a smaller number is the next era. */
const PIVOT = UNIX_EPOCH + 1_577_836_800n;
const NS = 1_000_000_000n;

/** Nanoseconds since 1970 of an NTP timestamp, which is taken to lie in 2020 to 2156. */
export function ntpToUnixNs(timestamp: bigint): bigint {
  const seconds = timestamp >> 32n;
  const unfolded = seconds < PIVOT ? seconds + ERA : seconds;
  return (unfolded - UNIX_EPOCH) * NS + ((timestamp & 0xffffffffn) * NS >> 32n);
}

/** The NTP timestamp of nanoseconds since 1970, era dropped. */
export function unixNsToNtp(unixNs: bigint): bigint {
  const since1900 = unixNs + UNIX_EPOCH * NS;
  const seconds = since1900 / NS;
  // Rounded up, so that the way back gives the same nanosecond.
  const fraction = ((since1900 % NS << 32n) + NS - 1n) / NS;
  return BigInt.asUintN(64, (seconds << 32n) + fraction);
}

/** The four times of an exchange, nanoseconds since 1970. */
export interface NtpTimes {
  /** T1, client's clock: request left. */
  readonly sent: bigint;
  /** T2, server's clock: request came. */
  readonly serverReceived: bigint;
  /** T3, server's clock: reply left. */
  readonly serverSent: bigint;
  /** T4, client's clock: reply came. */
  readonly received: bigint;
}

/** How far the client's clock is behind the server's, nanoseconds; the way is taken as symmetric. */
export function clockOffsetNs(times: NtpTimes): bigint {
  return (times.serverReceived - times.sent + (times.serverSent - times.received)) / 2n;
}

/** Nanoseconds both ways took together; below zero when the clocks contradict each other. */
export function roundTripNs(times: NtpTimes): bigint {
  return times.received - times.sent - (times.serverSent - times.serverReceived);
}
