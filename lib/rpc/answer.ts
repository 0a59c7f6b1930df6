import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { type Status, statusHeaders, statusTrailers } from "./status.ts";

/** Ends `stream` with `status`: as trailers-only when nothing was answered yet, else as trailers. */
export function answerStatus(stream: ServerHttp2Stream, status: Status): void {
  if (stream.destroyed || stream.closed) return;
  if (!stream.headersSent) {
    stream.respond(statusHeaders(status), { endStream: true });
    dropRequest(stream);
  } else answerTrailers(stream, statusTrailers(status));
}

/** Ends `stream`, whose headers were sent with `waitForTrailers`, with these trailers. */
export function answerTrailers(stream: ServerHttp2Stream, trailers: OutgoingHttpHeaders): void {
  if (stream.destroyed || stream.closed || stream.writableEnded) return;
  stream.once("wantTrailers", () => {
    stream.sendTrailers(trailers);
    dropRequest(stream);
  });
  stream.end();
}

/** Tells a client that still sends that nobody reads it any more, once the answer is out. */
function dropRequest(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  stream.resume();
  setTimeout(() => {
    if (!stream.destroyed && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
  }, 100);
}
