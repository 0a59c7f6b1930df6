import { MAX_LINE_BYTES } from "./log_buffer.ts";

/**
 * The lines of a byte stream as text, the last one also without a line feed; a line longer than
 * 32 KiB comes in pieces, so that a stream without line feeds needs no more memory than that.
 */
export async function* textLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield part.endsWith("\r") ? part.slice(0, -1) : part;
    while (rest.length > MAX_LINE_BYTES) {
      yield rest.slice(0, MAX_LINE_BYTES);
      rest = rest.slice(MAX_LINE_BYTES);
    }
  }
  rest += decoder.decode();
  if (rest) yield rest;
}
