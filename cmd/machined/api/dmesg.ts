import type { MachineApi } from "./_impl.ts";
import { formatKmsg, parseKmsg } from "./kmsg_record.ts";
import type { ProcDeps } from "./statistics.ts";

/** A reader of the kernel log that stands at its oldest record. Nothing here may block. */
export interface KmsgReader {
  /**
   * The next record, or undefined when there is none yet.
   * @throws an error with code EPIPE, once, when records it stood at were overwritten.
   */
  read(): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Resolves when it is worth to read again, or `signal` is aborted. */
  ready(signal: AbortSignal): Promise<void>;
  close(): Promise<void> | void;
}

/** The kernel log. */
export interface KmsgSource {
  open(): Promise<KmsgReader> | KmsgReader;
}

/** Where the kernel log comes from. */
export interface DmesgDeps extends ProcDeps {
  readonly kmsg: KmsgSource;
}

/** Messages in one chunk at most, so that a long log does not hold up the loop. */
const CHUNK_CHARACTERS = 16 * 1024;

/** Streams the kernel log from its oldest message, or only what comes from now on (`tail`). */
export function dmesgApi({ kmsg, readProc }: DmesgDeps): MachineApi<"dmesg"> {
  return {
    async *dmesg({ follow, tail }, { signal }) {
      const bootMs = Date.now() - uptimeMs(await readProc("uptime"));
      const reader = await kmsg.open();
      try {
        if (tail) await skipAll(reader);
        for (;;) {
          const text = await readSome(reader, bootMs);
          if (text !== "") yield { bytes: new TextEncoder().encode(text) };
          else if (!follow || signal.aborted) return;
          else await reader.ready(signal);
        }
      } finally {
        await reader.close();
      }
    },
  };
}

/** What is there to read, up to one chunk; "" when there is nothing. */
async function readSome(reader: KmsgReader, bootMs: number): Promise<string> {
  let text = "";
  while (text.length < CHUNK_CHARACTERS) {
    try {
      const bytes = await reader.read();
      if (!bytes) break;
      const record = parseKmsg(new TextDecoder().decode(bytes));
      if (record) text += formatKmsg(record, bootMs);
    } catch (error) {
      if (!isOverrun(error)) throw error;
      text += "[kernel messages lost: the reader was too slow]\n";
    }
  }
  return text;
}

async function skipAll(reader: KmsgReader): Promise<void> {
  for (;;) {
    try {
      if (!await reader.read()) return;
    } catch (error) {
      if (!isOverrun(error)) throw error;
    }
  }
}

function isOverrun(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "EPIPE";
}

function uptimeMs(text: string): number {
  return Number(text.split(" ")[0]) * 1000;
}
