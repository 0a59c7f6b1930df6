import { isIP } from "node:net";

/** Whether `text` is an IPv4 or IPv6 address, without a zone. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

/** Whether `text` is an address with a prefix length: `10.0.0.1/8`. */
export function isCidr(text: string): boolean {
  const [, address = "", bits = ""] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0 || address.includes("%") || /^0\d/.test(bits)) return false;
  return Number(bits) <= (version === 4 ? 32 : 128);
}

/** Whether `text` is a name that DNS could hold. */
export function isDnsName(text: string): boolean {
  return text.length <= 255 && !isAddress(text) &&
    /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*[._]?$/.test(text);
}
