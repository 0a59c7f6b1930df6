/** Longer than any configuration; what does not end by then is refused. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/**
 * The JSON values of a stream, one a line. A line that is no JSON, or that `read` throws on, is told
 * to `onFault` and skipped: the value before it stays in force.
 */
export async function* jsonLines<T>(
  stream: ReadableStream<Uint8Array>,
  read: (value: unknown) => T,
  onFault: (reason: string) => void,
): AsyncGenerator<T> {
  for await (const line of lines(stream)) {
    if (line.trim() === "") continue;
    let value: T;
    try {
      value = read(JSON.parse(line));
    } catch (error) {
      // The text of a SyntaxError quotes the line, which may hold a secret.
      onFault(error instanceof SyntaxError ? "Cannot read settings: no JSON" : String(error));
      continue;
    }
    yield value;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
    if (rest.length > MAX_LINE_BYTES) {
      throw new RangeError(`Cannot read settings: line of more than ${MAX_LINE_BYTES} bytes`);
    }
  }
  if (rest !== "") yield rest;
}
