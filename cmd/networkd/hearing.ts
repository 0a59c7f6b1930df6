import type { DatagramChannel, PacketChannel } from "./channel.ts";
import type { Listener } from "./dhcp_client.ts";
import type { Answer } from "./dhcp_state.ts";
import { messageOf } from "./interface_plan.ts";

/**
 * Hands every answer to the listener until the function that is returned is called. What others on
 * the link send may be anything: what `read` refuses is dropped, not told line by line.
 */
export function hear(
  channel: DatagramChannel | PacketChannel,
  { log, onAnswer }: Listener,
  read: (bytes: Uint8Array) => Answer | undefined,
): () => void {
  const ended = new AbortController();
  const loop = async () => {
    using _owned = channel;
    while (!ended.signal.aborted) {
      const answer = orNothing(read, await channel.receive(ended.signal));
      if (answer && !ended.signal.aborted) onAnswer(answer);
    }
  };
  loop().catch((error: unknown) => {
    if (!ended.signal.aborted) log(messageOf(error));
  });
  return () => ended.abort(new DOMException("exchange is over", "AbortError"));
}

function orNothing(
  read: (bytes: Uint8Array) => Answer | undefined,
  bytes: Uint8Array,
): Answer | undefined {
  try {
    return read(bytes);
  } catch {
    return undefined;
  }
}
