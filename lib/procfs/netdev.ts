import { u64, words } from "./_fields.ts";

const COUNTERS = [
  "rxBytes",
  "rxPackets",
  "rxErrors",
  "rxDropped",
  "rxFifo",
  "rxFrame",
  "rxCompressed",
  "rxMulticast",
  "txBytes",
  "txPackets",
  "txErrors",
  "txDropped",
  "txFifo",
  "txCollisions",
  "txCarrier",
  "txCompressed",
] as const;

/** The counters of one network device. */
export type NetworkCounters =
  & { readonly name: string }
  & Readonly<Record<(typeof COUNTERS)[number], bigint>>;

/** `/proc/net/dev`. */
export function parseNetDev(text: string): NetworkCounters[] {
  return text.split("\n").flatMap((line) => {
    // The name ends at the last colon: an alias such as eth0:1 has one itself.
    const colon = line.lastIndexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim();
    const values = words(line.slice(colon + 1));
    return name === "" || values.length < 16 ? [] : [counters(name, values.map(u64))];
  });
}

/** The sum over all devices, without a name. */
export function totalNetDev(devices: readonly NetworkCounters[]): NetworkCounters {
  return counters("", COUNTERS.map((c) => devices.reduce((sum, device) => sum + device[c], 0n)));
}

function counters(name: string, values: readonly bigint[]): NetworkCounters {
  const entries = COUNTERS.map((counter, at) => [counter, values[at] ?? 0n]);
  return { name, ...Object.fromEntries(entries) };
}
