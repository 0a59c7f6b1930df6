/** What the kubelet asks: whether the program turns. */
import type { Clock } from "$lib/clock/mod.ts";

/** Longer than any pass takes: every call in one has a deadline. */
const LATE_MS = 10 * 60_000;

/** Serves `/healthz`: 200 while `beat` is called now and then, else 503. Gives how to beat. */
export function serveHealth(
  { port, clock, signal }: {
    readonly port: number;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): { beat(): void; readonly port: number; readonly finished: Promise<void> } {
  let beatMs = clock.monotonic();
  const server = Deno.serve({ hostname: "::", port, signal, onListen: () => {} }, (request) => {
    if (new URL(request.url).pathname !== "/healthz") return new Response(null, { status: 404 });
    const late = clock.monotonic() - beatMs > LATE_MS;
    return new Response(late ? "no pass has ended lately\n" : "ok\n", { status: late ? 503 : 200 });
  });
  return {
    beat: () => void (beatMs = clock.monotonic()),
    port: server.addr.port,
    finished: server.finished,
  };
}
