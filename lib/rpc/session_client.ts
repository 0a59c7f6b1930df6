import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { bodyOf, drained, type HeaderFields, type Http2Stream } from "$lib/http2/mod.ts";
import { closedStatus, unreachable } from "./outcome.ts";
import type { Status } from "./status.ts";
import type { Upstream } from "./upstream.ts";

/** An HTTP client for Connect over the session of `upstream`, which is dialed when there is none. */
export function sessionClient(upstream: Upstream): UniversalClientFn {
  return async ({ url, method, header, body, signal }) => {
    const { protocol, host, pathname } = new URL(url);
    const fields: HeaderFields = {
      ":method": method,
      ":scheme": protocol.slice(0, -1),
      ":authority": host,
      ":path": pathname,
    };
    header.forEach((value, name) => fields[name] = value);
    const stream = await opened(upstream, fields);
    const leave = (): void => stream.reset();
    signal?.addEventListener("abort", leave);
    stream.once("close", () => signal?.removeEventListener("abort", leave));
    if (signal?.aborted) leave();
    const trailer = new Headers();
    stream.once("trailers", (trailers) => copy(trailers, trailer));
    // What goes wrong with the request is told by how the stream ends.
    if (body) send(stream, body).catch(() => stream.reset());
    else stream.end();
    const { status, header: replied } = await response(stream, upstream.name);
    return { status, header: replied, trailer, body: reply(stream, upstream.name) };
  };
}

async function opened(upstream: Upstream, fields: HeaderFields): Promise<Http2Stream> {
  try {
    return upstream.request(await upstream.connect(), fields);
  } catch (error) {
    throw connectError(unreachable(upstream.name, error), error);
  }
}

async function send(stream: Http2Stream, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (stream.closed) return;
    if (!stream.write(chunk)) await drained(stream);
  }
  stream.end();
}

function response(
  stream: Http2Stream,
  who: string,
): Promise<{ readonly status: number; readonly header: Headers }> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(connectError(closedStatus(stream, who)));
    stream.once("close", closed);
    stream.once("response", (fields) => {
      stream.off("close", closed);
      const header = new Headers();
      copy(fields, header);
      resolve({ status: Number(fields[":status"]), header });
    });
  });
}

async function* reply(stream: Http2Stream, who: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bodyOf(stream);
  } catch (error) {
    throw connectError(closedStatus(stream, who), error);
  } finally {
    // Left early: the peer need not go on.
    if (!stream.readableEnded) stream.reset();
  }
}

function copy(fields: HeaderFields, into: Headers): void {
  for (const name in fields) if (name[0] !== ":") into.set(name, fields[name] ?? "");
}

function connectError({ code, message }: Status, cause?: unknown): ConnectError {
  return new ConnectError(message, code as Code, undefined, undefined, cause);
}
