import { Buffer } from "node:buffer";

/** A certificate and its private key, both as PEM text. */
export interface PemPair {
  readonly crt: string;
  readonly key: string;
}

/** One `-----BEGIN label-----` block with its bytes. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

const BLOCK =
  /-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----[ \t]*\r?\n([\s\S]*?)\r?\n?-----END ([A-Z0-9 ]+)-----/g;

/** PEM text of one block: 64 columns, a newline at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  const body = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`, ""].join("\n");
}

/** Every PEM block in `text`, in order. @throws {SyntaxError} on a block that is not base64 or has another end. */
export function decodePem(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label = "", body = "", end]) => {
    if (label !== end) {
      throw new SyntaxError(`Cannot read PEM block "${label}": it ends as "${end}"`);
    }
    const base64 = body.replace(/\s/g, "");
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
      throw new SyntaxError(`Cannot read PEM block "${label}": its body is not base64`);
    }
    return { label, der: new Uint8Array(Buffer.from(base64, "base64")) };
  });
}

/** The first block of `text` that has one of `labels`; `what` names it in the error. */
export function pemBlock(text: string, what: string, labels: readonly string[]): PemBlock {
  const blocks = decodePem(text);
  const found = blocks.find(({ label }) => labels.includes(label));
  if (found) return found;
  const have = blocks.map(({ label }) => `"${label}"`).join(", ");
  throw new SyntaxError(
    `Cannot read ${what}: ${have ? `the PEM text holds ${have}` : "the text holds no PEM block"}`,
  );
}
