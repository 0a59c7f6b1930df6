/** The files that nodes may read and leave here: public parts of a PKI at known paths, nothing else. */
import { Code, ConnectError } from "@connectrpc/connect";
import { decodePem } from "$lib/pki/mod.ts";

/** What ReadFile and WriteFile reach. */
export interface FilesOptions {
  /** What is given by path, whoever keeps it. */
  readonly given: () => Readonly<Record<string, string>>;
  /** Where nodes leave files for each other; the one directory that is written to. */
  readonly exchange: string;
}

const MAX_FILE_BYTES = 64 * 1024;
const MAX_FILES = 64;
/** A plain name: no path, no hidden file, no end that another program would act on. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}\.(crt|pem|pub)$/;
/** The kinds of PEM that are no secret. */
const PUBLIC: ReadonlySet<string> = new Set(["CERTIFICATE", "PUBLIC KEY", "CERTIFICATE REQUEST"]);

/** Reads what may be read, and keeps what nodes leave. */
export class PkiFiles {
  constructor(readonly options: FilesOptions) {}

  /** @throws {ConnectError} PermissionDenied for any path that is not on the list, NotFound */
  async read(path: string): Promise<Uint8Array> {
    const given = this.options.given();
    if (Object.hasOwn(given, path)) return new TextEncoder().encode(given[path]);
    const file = this.#exchanged(path, "read");
    try {
      return await Deno.readFile(file);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new ConnectError(`Cannot read "${path}": there is none`, Code.NotFound);
    }
  }

  /** Keeps certificates or public keys, whole or not at all; never a key, never executable. */
  async write(path: string, data: Uint8Array): Promise<void> {
    const file = this.#exchanged(path, "write");
    const fault = contentFault(data);
    if (fault !== undefined) {
      throw new ConnectError(`Cannot write "${path}": ${fault}`, Code.InvalidArgument);
    }
    await Deno.mkdir(this.options.exchange, { recursive: true, mode: 0o700 });
    const names = (await Array.fromAsync(Deno.readDir(this.options.exchange))).map(({ name }) =>
      name
    );
    if (names.length >= MAX_FILES && !names.includes(file.slice(file.lastIndexOf("/") + 1))) {
      throw new ConnectError(
        `Cannot write "${path}": ${MAX_FILES} files are kept already`,
        Code.ResourceExhausted,
      );
    }
    const draft = `${this.options.exchange}/.${crypto.randomUUID()}`;
    try {
      await Deno.writeFile(draft, data, { mode: 0o600, createNew: true });
      await Deno.rename(draft, file);
    } catch (error) {
      await Deno.remove(draft).catch(() => {});
      throw error;
    }
  }

  #exchanged(path: string, what: "read" | "write"): string {
    const { exchange } = this.options;
    if (path.startsWith(`${exchange}/`) && NAME.test(path.slice(exchange.length + 1))) return path;
    const name = path.slice(0, 100).replace(/[^\x20-\x7e]/g, "?");
    throw new ConnectError(
      `Cannot ${what} "${name}": only public files of the PKI below ${exchange} ` +
        `${what === "read" ? "and the authorities of the cluster are shared" : "are kept"}`,
      Code.PermissionDenied,
    );
  }
}

function contentFault(data: Uint8Array): string | undefined {
  if (data.length > MAX_FILE_BYTES) return `it has more than ${MAX_FILE_BYTES} bytes`;
  try {
    const blocks = decodePem(new TextDecoder("utf-8", { fatal: true }).decode(data));
    const secret = blocks.find(({ label }) => !PUBLIC.has(label));
    if (blocks.length === 0) return "it is not PEM";
    return secret === undefined ? undefined : "it holds more than certificates and public keys";
  } catch {
    return "it is not PEM";
  }
}
