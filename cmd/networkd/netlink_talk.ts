import { constants } from "node:os";
import {
  decodeErrno,
  decodeErrorText,
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
} from "$lib/codec/mod.ts";

/** What is needed of a netlink socket; `$ffi/netlink.ts` fits it. */
export interface TalkSocket {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  tryReceive(): Uint8Array | undefined;
}

/** The kernel refused a request; `code` is the name of its errno, e.g. `EEXIST`. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  /** `text` is what the kernel says of it beside the number. */
  constructor(readonly code: string, what: string, text = "") {
    super(`Cannot ${what}: ${code}${text && ` (${text})`}`);
  }
}

/** A request, and what it is about, for errors. */
export interface TalkRequest {
  readonly type: number;
  readonly flags?: number;
  readonly payload: Uint8Array;
  readonly what: string;
}

const ANSWER_LIMIT = 10_000;
const DUMP_TRIES = 5;

/**
 * Requests to the kernel and their answers. Netlink works inside the sending call, so every answer
 * waits when it returns and nothing else can come between.
 */
export class NetlinkTalk {
  #sequence = 0;
  constructor(readonly socket: TalkSocket) {}

  /**
   * Asks for one thing; gives the messages that come before the acknowledgement.
   *
   * @throws {NetlinkError} when the kernel refuses with an errno that `fine` does not name
   */
  ask(request: TalkRequest, fine: readonly string[] = []): NetlinkMessage[] {
    const { type, flags = 0, payload, what } = request;
    const sequence = this.#send(type, NLM_F.REQUEST | NLM_F.ACK | flags, payload);
    const messages: NetlinkMessage[] = [];
    for (const message of this.#answers(sequence, what)) {
      if (message.type !== NLMSG.ERROR) {
        messages.push(message);
        continue;
      }
      const errno = decodeErrno(message);
      if (errno === 0 || fine.includes(errnoName(errno))) return messages;
      throw new NetlinkError(errnoName(errno), what, decodeErrorText(message));
    }
    return messages;
  }

  /** All there is. A dump that changed under the kernel's hands is marked, and asked for anew. */
  dump({ type, payload, what }: TalkRequest): NetlinkMessage[] {
    for (let tries = 1;; tries++) {
      const sequence = this.#send(type, NLM_F.REQUEST | NLM_F.DUMP, payload);
      const messages: NetlinkMessage[] = [];
      let interrupted = false;
      for (const message of this.#answers(sequence, what)) {
        if (message.flags & NLM_F.DUMP_INTR) interrupted = true;
        if (message.type !== NLMSG.DONE && message.type !== NLMSG.ERROR) {
          messages.push(message);
          continue;
        }
        const errno = decodeErrno(message);
        if (errno !== 0) throw new NetlinkError(errnoName(errno), what, decodeErrorText(message));
        break;
      }
      if (!interrupted || tries === DUMP_TRIES) return messages;
    }
  }

  #send(type: number, flags: number, payload: Uint8Array): number {
    // Answers to a request that ended early must not be taken for answers to the next.
    for (let stale = 0; stale < ANSWER_LIMIT && this.socket.tryReceive(); stale++);
    const sequence = this.#sequence = (this.#sequence + 1) >>> 0;
    this.socket.send(encodeMessage({ type, flags, sequence, payload }));
    return sequence;
  }

  *#answers(sequence: number, what: string): Generator<NetlinkMessage> {
    for (let datagrams = 0; datagrams < ANSWER_LIMIT; datagrams++) {
      const bytes = this.socket.tryReceive();
      if (!bytes) break;
      yield* decodeMessages(bytes).filter((message) => message.sequence === sequence);
    }
    throw new NetlinkError("no answer", what);
  }
}

function errnoName(errno: number): string {
  const entry = Object.entries(constants.errno).find(([, number]) => number === errno);
  return entry?.[0] ?? `errno ${errno}`;
}
