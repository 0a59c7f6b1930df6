import {
  type CallOptions,
  HttpFault,
  SecureHttp,
  type SecureTarget,
  UnreachableError,
} from "$lib/secure_http/mod.ts";

/** A refusal of etcd; `code` is its gRPC status. */
export class EtcdError extends Error {
  override readonly name = "EtcdError";

  constructor(readonly code: number, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Settings of any call; the deadline is 15 s unless told. */
export type EtcdCall = Pick<CallOptions, "signal" | "timeoutMs">;

/** Whom to call: one member, or several that are tried in turn. */
export interface EtcdTarget extends Omit<SecureTarget, "url"> {
  readonly endpoints: readonly string[];
}

/**
 * Calls of etcd's v3 API, by the JSON that every member also speaks on its client port. With several
 * members, one that does not answer is left for the next.
 */
export class EtcdClient implements Disposable {
  readonly #members: readonly SecureHttp[];

  constructor({ endpoints, ...target }: EtcdTarget) {
    this.#members = endpoints.map((url) => new SecureHttp({ ...target, url }));
  }

  /** The answer to a call such as `kv/range`. @throws {EtcdError} {UnreachableError} */
  async call<T>(method: string, request: unknown, options: EtcdCall = {}): Promise<T> {
    const body = JSON.stringify(request);
    return await this.#anyMember(
      (member) => member.json<T>("POST", path(method), { ...options, body }),
      method,
    );
  }

  /** The messages of a streaming call such as `maintenance/snapshot`, from the first member. */
  async *stream<T>(
    method: string,
    request: unknown,
    options: EtcdCall & { readonly idleMs?: number } = {},
  ): AsyncGenerator<T, void> {
    const [member] = this.#members;
    if (!member) throw new UnreachableError("Cannot reach etcd: no member is known");
    const body = JSON.stringify(request);
    const lines = member.lines("POST", path(method), { ...options, body });
    while (true) {
      const { value, done } = await refusing(method, () => lines.next());
      if (done) return;
      const message = JSON.parse(value) as { result?: T; error?: { message?: string } };
      if (message.result === undefined) throw fault(method, 0, message.error ?? {});
      yield message.result;
    }
  }

  [Symbol.dispose](): void {
    for (const member of this.#members) member[Symbol.dispose]();
  }

  async #anyMember<T>(call: (member: SecureHttp) => Promise<T>, method: string): Promise<T> {
    let last: UnreachableError | undefined;
    for (const member of this.#members) {
      try {
        return await refusing(method, () => call(member));
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        last = error;
      }
    }
    throw last ?? new UnreachableError("Cannot reach etcd: no member is known");
  }
}

/** Bytes as etcd's JSON has them. */
export function toBase64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** Text that etcd's JSON has as base64. */
export function fromBase64(encoded: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(encoded));
}

function path(method: string): string {
  return `/v3/${method}`;
}

async function refusing<T>(method: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof HttpFault) throw fault(method, error.status, bodyOf(error), error);
    throw error;
  }
}

function bodyOf({ body }: HttpFault): { code?: number; message?: string } {
  try {
    return JSON.parse(body);
  } catch {
    return { message: body.slice(0, 200) };
  }
}

function fault(
  method: string,
  status: number,
  { code, message }: { code?: number; message?: string },
  cause?: unknown,
): EtcdError {
  const why = message ?? `status ${status}`;
  return new EtcdError(code ?? 2, `Cannot call etcd ${method}: ${why}`, { cause });
}
