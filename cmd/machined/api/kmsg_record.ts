/** One message of the kernel log. */
export interface KmsgRecord {
  readonly facility: string;
  readonly priority: string;
  readonly sequence: number;
  /** Microseconds since boot. */
  readonly atUs: number;
  readonly message: string;
}

const PRIORITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

// deno-fmt-ignore
const FACILITIES = [
  "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
];

/** A record as /dev/kmsg gives it: `6,1234,5678901,-;text`, then lines for programs, left out here. */
export function parseKmsg(text: string): KmsgRecord | undefined {
  const [, prefix = "", sequence, atUs, message = ""] =
    /^(\d+),(\d+),(\d+),[^;]*;([^\n]*)/.exec(text) ?? [];
  if (prefix === "") return undefined;
  return {
    facility: facilityName(Number(prefix) >> 3),
    priority: PRIORITIES[Number(prefix) & 7] ?? "",
    sequence: Number(sequence),
    atUs: Number(atUs),
    message: unescape(message),
  };
}

/** `facility: priority: [time]: message` and a line feed; `bootMs` is the wall time of the boot. */
export function formatKmsg(record: KmsgRecord, bootMs: number): string {
  const { facility, priority, atUs, message } = record;
  return `${facility}: ${priority.padStart(7)}: [${rfc3339Nano(bootMs, atUs)}]: ${message}\n`;
}

function facilityName(number: number): string {
  if (number >= 16 && number < 24) return `local${number - 16}`;
  return FACILITIES[number] ?? String(number);
}

/** RFC 3339 with as many digits of the second as are not trailing zeros. */
function rfc3339Nano(bootMs: number, atUs: number): string {
  const us = Math.round(bootMs * 1000) + atUs;
  const seconds = Math.floor(us / 1e6);
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = String(us - seconds * 1e6).padStart(6, "0").replace(/0+$/, "");
  return fraction === "" ? `${whole}Z` : `${whole}.${fraction}Z`;
}

/** The kernel writes bytes that are not printable ASCII as \xHH: text comes back, controls stay so. */
function unescape(message: string): string {
  return message.replaceAll(/(?:\\x[0-9a-f]{2})+/g, (escaped) => {
    const bytes = escaped.split("\\x").slice(1).map((hex) => parseInt(hex, 16));
    if (bytes.some((byte) => byte < 32 || byte === 127)) return escaped;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes));
    } catch {
      return escaped;
    }
  });
}
