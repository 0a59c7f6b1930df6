import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

/** Milliseconds since `then`, in whole seconds; 0 when the node sent no time. */
export function agoMs(then: Timestamp | undefined, now: number): number {
  if (!then) return 0;
  return Math.round((now - timestampMs(then)) / 1_000) * 1_000;
}

/** A time the way Go prints it: `2026-01-02 03:04:05.6 +0000 UTC`. */
export function goTime(at: Timestamp): string {
  const seconds = new Date(Number(at.seconds) * 1_000).toISOString();
  const fraction = at.nanos === 0 ? "" : `.${String(at.nanos).padStart(9, "0").replace(/0+$/, "")}`;
  return `${seconds.slice(0, 10)} ${seconds.slice(11, 19)}${fraction} +0000 UTC`;
}
