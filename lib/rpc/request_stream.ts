import { Code, ConnectError } from "@connectrpc/connect";
import { bodyOf, type Http2Stream } from "$lib/http2/mod.ts";
import { type Frame, FrameSplitter } from "./frames.ts";

/**
 * The messages of a request stream one by one: nothing more is read while one is being worked on.
 * `waiting` is told since when the sender is waited for, undefined while it is not.
 * @throws {ConnectError} when a message is too large or the request ends inside one
 */
export async function* requestFrames(
  stream: Http2Stream,
  limitBytes: number,
  waiting: (since: number | undefined) => void,
): AsyncGenerator<Frame> {
  const splitter = new FrameSplitter(limitBytes);
  const chunks = bodyOf(stream);
  for (;;) {
    waiting(performance.now());
    const { done, value } = await chunks.next();
    waiting(undefined);
    if (done) break;
    const frames = splitter.push(value);
    if (!Array.isArray(frames)) throw new ConnectError(frames.message, frames.code);
    yield* frames;
  }
  if (splitter.heldBytes === 0) return;
  throw new ConnectError("Cannot read request: it ends inside a message", Code.InvalidArgument);
}
