/** How long a stream is listened to. */
export interface Patience {
  /** Until its first message. */
  readonly firstMs: number;
  /** From one message to the next. */
  readonly nextMs: number;
}

/** Past events come at once: after a pause this long there are no more. */
export const PAST_EVENTS: Patience = { firstMs: 10_000, nextMs: 1_000 };

/** What a stream without an end has to tell now: silence is taken for its end. */
export async function* untilSilent<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { firstMs, nextMs }: Patience = PAST_EVENTS,
): AsyncGenerator<T> {
  const silence = new AbortController();
  const wait = (ms: number) => setTimeout(() => silence.abort(), ms);
  let timer = wait(firstMs);
  try {
    for await (const message of open(silence.signal)) {
      clearTimeout(timer);
      timer = wait(nextMs);
      yield message;
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
