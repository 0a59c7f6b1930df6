import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ContextValues, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { HeaderFields } from "$lib/http2/mod.ts";

/**
 * What a handler sees of its call. Most handlers look at little of it, so headers, values and the
 * abort signal are made when they are asked for.
 */
export class CallContext implements HandlerContext {
  readonly protocolName = "grpc";
  readonly requestMethod = "POST";
  #abort: AbortController | undefined;
  #reason: unknown;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;

  constructor(
    readonly method: DescMethod,
    readonly raw: HeaderFields,
    readonly deadline: number | undefined,
  ) {}

  get service(): DescService {
    return this.method.parent;
  }

  get url(): string {
    return `http://localhost${this.raw[":path"] ?? ""}`;
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  get requestHeader(): Headers {
    return this.#requestHeader ??= headersOf(this.raw);
  }

  get responseHeader(): Headers {
    return this.#responseHeader ??= new Headers();
  }

  get responseTrailer(): Headers {
    return this.#responseTrailer ??= new Headers();
  }

  get values(): ContextValues {
    return this.#values ??= createContextValues();
  }

  timeoutMs = (): number | undefined => {
    return this.deadline === undefined ? undefined : this.deadline - performance.now();
  };

  /** Tells the handler, through its signal, that nobody waits any more. */
  abort(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#abort?.abort(reason);
  }

  /** Adds the response headers that the handler set to `headers`. */
  addHeaders(headers: HeaderFields): HeaderFields {
    this.#responseHeader?.forEach((value, name) => headers[name] = value);
    return headers;
  }

  /** Adds the trailers that the handler set to `trailers`. */
  addTrailers(trailers: HeaderFields): HeaderFields {
    this.#responseTrailer?.forEach((value, name) => trailers[name] = value);
    return trailers;
  }
}

function headersOf(raw: HeaderFields): Headers {
  const headers = new Headers();
  for (const name in raw) {
    if (!name.startsWith(":")) headers.append(name, raw[name] ?? "");
  }
  return headers;
}
