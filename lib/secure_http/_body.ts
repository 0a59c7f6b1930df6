/** An answer above this is cut off: a server must not fill this process's memory. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** The text of an answer. @throws {Error} when it is too large. */
export async function readBounded(response: Response): Promise<string> {
  if (!response.body) return "";
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES}`);
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}

/** The lines of an answer as they come. */
export async function* linesOf(
  response: Response,
  onBytes: () => void,
): AsyncGenerator<string, void> {
  if (!response.body) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    onBytes();
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_ANSWER_BYTES) throw new Error("a line of the answer has no end");
    for (const line of lines) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
}
