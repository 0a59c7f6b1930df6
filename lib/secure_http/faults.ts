/** An answer whose status is not a success. */
export class HttpFault extends Error {
  override readonly name = "HttpFault";

  constructor(readonly status: number, readonly body: string, what: string) {
    super(`Cannot ${what}: ${status} ${shorten(body)}`);
  }
}

/** No answer: the server cannot be reached, refuses the certificate or is too slow. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** Why a call got no answer, in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const cause = error.cause instanceof Error ? error.cause.message : error.message;
  return shorten(cause);
}

/** The first part of a text from elsewhere, on one line. */
function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
