import type { Http2Stream } from "./stream.ts";

/** The peer, or the end of the connection, cut a stream off. */
export class StreamReset extends Error {
  override readonly name = "StreamReset";

  constructor(readonly code: number) {
    super(`the stream was reset with code ${code}`);
  }
}

/**
 * What comes on `stream`, chunk by chunk; the peer sends no faster than it is taken.
 *
 * @throws {StreamReset} when the stream ends before its body does
 */
export async function* bodyOf(stream: Http2Stream): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let wake = (): void => {};
  const take = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    stream.pause();
    wake();
  };
  const over = (): void => wake();
  stream.on("data", take);
  stream.once("end", over);
  stream.once("close", over);
  try {
    for (;;) {
      const chunk = chunks.shift();
      if (chunk) yield chunk;
      else if (stream.readableEnded) return;
      else if (stream.errorCode !== undefined) throw new StreamReset(stream.errorCode);
      else {
        const woken = new Promise<void>((resolve) => wake = resolve);
        stream.resume();
        await woken;
      }
    }
  } finally {
    stream.off("data", take);
    stream.off("end", over);
    stream.off("close", over);
  }
}

/** Resolves when it is worth to write to `stream` again, or it is over. */
export function drained(stream: Http2Stream): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.once("drain", done);
    stream.once("close", done);
  });
}
