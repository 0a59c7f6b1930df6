import type { PemPair } from "$lib/pki/mod.ts";

/** What machined hands to trustd. */
export interface Settings {
  /** The machine CA with its key. */
  readonly ca: PemPair;
  /** By which nodes that know the cluster's CA alone take this one for a trustd; may be empty. */
  readonly voucher: string;
  /** What nodes that ask for trust have to know: `machine.token`. */
  readonly token: string;
  /** Names and addresses of this node, which its own certificate speaks for. */
  readonly names: readonly string[];
  /** Names and addresses that no certificate for another node may speak for. */
  readonly reserved: readonly string[];
  /** What ReadFile gives, by path: public parts of the PKI. */
  readonly files: Readonly<Record<string, string>>;
  /** How long the certificates hold that are signed here, milliseconds. */
  readonly lifetimeMs: number;
}

/** Reads a line from machined. @throws {TypeError} that names the part which is wrong, and holds none of it */
export function readSettings(value: unknown): Settings {
  const { ca, voucher, token, names, reserved, files, lifetimeMs } = objectAt(value, "settings");
  const { crt, key } = objectAt(ca, "ca");
  if (typeof voucher !== "string") throw fault("voucher");
  if (typeof lifetimeMs !== "number" || !(lifetimeMs >= 1_000)) throw fault("lifetimeMs");
  const given = Object.entries(objectAt(files, "files"));
  return {
    ca: { crt: textAt(crt, "ca.crt"), key: textAt(key, "ca.key") },
    voucher,
    token: textAt(token, "token"),
    names: textsAt(names, "names"),
    reserved: textsAt(reserved, "reserved"),
    files: Object.fromEntries(given.map(([path, text]) => [path, textAt(text, "files")])),
    lifetimeMs,
  };
}

function objectAt(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw fault(what);
}

function textAt(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw fault(what);
}

function textsAt(value: unknown, what: string): string[] {
  if (Array.isArray(value)) return value.map((item) => textAt(item, what));
  throw fault(what);
}

function fault(what: string): TypeError {
  return new TypeError(`Cannot read settings: "${what}" is missing or of another kind`);
}
