import type { RawScalar } from "../schema/scalars.ts";

/** Plain words that some YAML reader, of version 1.1 or 1.2, takes for something else than text. */
const RESOLVED =
  /^(~|null|true|false|yes|no|on|off|y|n|[-+]?(\d[\d_]*(\.[\d_]*)?(e[-+]?\d+)?|\.\d+|\.inf)|0[xob][\da-f_]+|\.nan|\d{4}-\d{1,2}-\d{1,2}.*|[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?|<<|=)$/i;

/** One value as YAML on one line. */
export function inlineScalar(value: string | number | boolean | RawScalar): string {
  if (typeof value === "object") return value.raw;
  if (typeof value !== "string") return String(value);
  return isPlain(value) ? value : quoted(value);
}

/** Whether a text may stand without quotes. */
function isPlain(value: string): boolean {
  return value !== "" && value.length < 100_000 &&
    /^[A-Za-z0-9_./(\\<$^+~;=-]/.test(value) &&
    !/^(-|\.\.\.|---)(\s|$)/.test(value) &&
    /^[\x20-\x7E]*$/.test(value) &&
    !/: |:$| #|^\s|\s$/.test(value) &&
    !RESOLVED.test(value);
}

function quoted(value: string): string {
  // JSON is YAML, but for the few characters that YAML does not take raw.
  return JSON.stringify(value).replace(
    /[\x7F-\x9F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A text of several lines as a literal block (its header and its lines), where YAML can say it so. */
export function blockScalar(value: string): { header: string; lines: string[] } | undefined {
  if (
    !value.includes("\n") || /^[\s#]/.test(value) || /[^\t\n\x20-\x7E\u00A0-\uD7FF]/.test(value)
  ) {
    return undefined;
  }
  if (/[ \t]+$/.test(value)) return undefined;
  const body = value.replace(/\n+$/, "");
  const trailing = value.length - body.length;
  const lines = body.split("\n");
  if (trailing > 1) lines.push(...Array.from({ length: trailing - 1 }, () => ""));
  return { header: trailing === 0 ? "|-" : trailing === 1 ? "|" : "|+", lines };
}
