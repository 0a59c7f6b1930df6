import { ERROR_CODE, type Http2Stream, type OutgoingFields } from "$lib/http2/mod.ts";
import { type Status, statusHeaders, statusTrailers } from "./status.ts";

/** How long a client may go on sending to a call that is answered. */
const PATIENCE_MS = 100;

/** Ends `stream` with `status`: as trailers-only when nothing was answered yet, else as trailers. */
export function answerStatus(stream: Http2Stream, status: Status): void {
  if (stream.closed) return;
  if (!stream.headersSent) {
    stream.respond(statusHeaders(status), { ended: true });
    dropRequest(stream);
  } else answerTrailers(stream, statusTrailers(status));
}

/** Ends `stream`, whose headers were sent, with these trailers. */
export function answerTrailers(stream: Http2Stream, trailers: OutgoingFields): void {
  if (stream.closed || stream.writableEnded) return;
  stream.end(trailers);
  dropRequest(stream);
}

/** Tells a client that still sends that nobody reads it any more, once the answer is out. */
function dropRequest(stream: Http2Stream): void {
  if (stream.remoteEnded) return;
  stream.resume();
  const leave = (): void => {
    if (stream.closed) return;
    if (stream.localEnded) stream.reset(ERROR_CODE.NO_ERROR);
    else setTimeout(leave, PATIENCE_MS);
  };
  setTimeout(leave, PATIENCE_MS);
}
