import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { TimeService } from "$proto/time/time_pb.ts";
import type { Measurement } from "./sntp.ts";

/** What the API needs: the server that is followed, and a way to ask one. */
export interface TimeApiDeps {
  readonly server: () => string;
  readonly query: (server: string, signal: AbortSignal) => Promise<Measurement>;
}

/** Each question holds a socket until its deadline. */
const MAX_QUESTIONS = 8;
/** The longest name there is. */
const MAX_SERVER_LENGTH = 253;
const NANOSECONDS = 1_000_000_000n;

/** time.TimeService: the local clock beside that of the followed server, or of one that is named. */
export function timeApi(deps: TimeApiDeps): ServiceImpl<typeof TimeService> {
  let questions = 0;
  const ask = async (server: string, signal: AbortSignal) => {
    if (questions >= MAX_QUESTIONS) {
      throw new ConnectError(
        `Cannot ask time server "${server}": ${questions} questions are open`,
        Code.ResourceExhausted,
      );
    }
    questions++;
    try {
      return { messages: [timeOf(await deps.query(server, signal))] };
    } catch (error) {
      throw new ConnectError(error instanceof Error ? error.message : "", Code.Unavailable);
    } finally {
      questions--;
    }
  };
  return {
    time: (_request, { signal }) => ask(deps.server(), signal),
    timeCheck({ server }, { signal }) {
      if (server === "" || server.length > MAX_SERVER_LENGTH) {
        throw new ConnectError("Cannot check time: no server is named", Code.InvalidArgument);
      }
      return ask(server, signal);
    },
  };
}

function timeOf({ server, localNs, offsetNs }: Measurement) {
  return { server, localtime: timestamp(localNs), remotetime: timestamp(localNs + offsetNs) };
}

function timestamp(ns: bigint): { seconds: bigint; nanos: number } {
  const nanos = BigInt.asUintN(64, (ns % NANOSECONDS + NANOSECONDS) % NANOSECONDS);
  return { seconds: (ns - nanos) / NANOSECONDS, nanos: Number(nanos) };
}
