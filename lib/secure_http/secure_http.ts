import { tlsKey } from "$lib/pki/mod.ts";
import { Alarm } from "./_alarm.ts";
import { linesOf, readBounded } from "./_body.ts";
import { HttpFault, reasonOf, UnreachableError } from "./faults.ts";

/** Whom to call, and as whom. */
export interface SecureTarget {
  /** `https://host:port`, without a path. */
  readonly url: string;
  /** PEM of the CAs that may have signed the server's certificate; the system's unless told. */
  readonly ca?: string;
  /** The client certificate and its key, PEM. */
  readonly client?: { readonly crt: string; readonly key: string };
  /** A bearer token, asked for with each call: those of a pod are replaced every hour. */
  readonly token?: () => Promise<string>;
}

/** Settings of one call. */
export interface CallOptions {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Milliseconds until the whole answer has to be there; 15,000 unless told. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;

/** One server; connections are kept and shared until it is disposed. */
export class SecureHttp implements Disposable {
  readonly url: string;
  readonly #client: Deno.HttpClient;
  readonly #token: SecureTarget["token"];

  constructor({ url, ca, client, token }: SecureTarget) {
    this.#token = token;
    this.url = url.replace(/\/+$/, "");
    this.#client = Deno.createHttpClient({
      ...(ca === undefined ? {} : { caCerts: [ca] }),
      ...(client === undefined ? {} : { cert: client.crt, key: tlsKey(client.key) }),
    });
  }

  /** The JSON of the answer. @throws {HttpFault} {UnreachableError} */
  async json<T = unknown>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    return JSON.parse(await this.text(method, path, options)) as T;
  }

  /** The text of the answer. @throws {HttpFault} {UnreachableError} */
  async text(method: string, path: string, options: CallOptions = {}): Promise<string> {
    const { timeoutMs = TIMEOUT_MS, signal } = options;
    const late = AbortSignal.timeout(timeoutMs);
    const both = signal ? AbortSignal.any([signal, late]) : late;
    return await this.#asUnreachable(async () => {
      const response = await this.#send(method, path, { ...options, signal: both });
      const body = await readBounded(response);
      if (!response.ok) throw new HttpFault(response.status, body, `${method} ${path}`);
      return body;
    }, signal);
  }

  /**
   * The lines of an answer that may go on for ever. `timeoutMs` is the longest wait for the headers,
   * and for the next bytes after that when `idleMs` is set. @throws {HttpFault} {UnreachableError}
   */
  async *lines(
    method: string,
    path: string,
    options: CallOptions & { readonly idleMs?: number } = {},
  ): AsyncGenerator<string, void> {
    const over = new AbortController();
    const { timeoutMs = TIMEOUT_MS, idleMs = Infinity, signal } = options;
    const both = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    const alarm = new Alarm(over);
    try {
      alarm.set(timeoutMs);
      const response = await this.#asUnreachable(
        () => this.#send(method, path, { ...options, signal: both }),
        signal,
      );
      if (!response.ok) {
        throw new HttpFault(response.status, await readBounded(response), `${method} ${path}`);
      }
      // A stream whose first line is long in coming is not late.
      alarm.set(idleMs);
      yield* linesOf(response, () => alarm.set(idleMs));
    } catch (error) {
      if (signal?.aborted || error instanceof HttpFault || error instanceof UnreachableError) {
        throw error;
      }
      throw this.#unreachable(error);
    } finally {
      alarm.clear();
      over.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #send(method: string, path: string, options: CallOptions): Promise<Response> {
    const { body, headers, signal } = options;
    const login = this.#token ? { authorization: `Bearer ${await this.#token()}` } : {};
    return await fetch(`${this.url}${path}`, {
      method,
      client: this.#client,
      redirect: "error",
      headers: { ...headers, ...login },
      ...(signal ? { signal } : {}),
      ...(body === undefined ? {} : { body }),
    });
  }

  async #asUnreachable<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (signal?.aborted || error instanceof HttpFault) throw error;
      throw this.#unreachable(error);
    }
  }

  #unreachable(cause: unknown): UnreachableError {
    return new UnreachableError(`Cannot reach "${this.url}": ${reasonOf(cause)}`, { cause });
  }
}
