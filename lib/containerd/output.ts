import { textLines } from "$lib/service/mod.ts";

/** A named pipe that the output of one container comes through. */
export interface OutputPipe {
  readonly path: string;
  /** What was written, until `finish` was called and every writer is gone. */
  readonly readable: ReadableStream<Uint8Array>;
  /** No writer will come any more: what is in the pipe is read, then it ends. */
  finish(): void;
}

/** Makes named pipes; `$ffi/fifo.ts` fits it. */
export interface OutputPipes {
  /** A new pipe for the container `id`, in place of an older one. */
  open(id: string): OutputPipe | Promise<OutputPipe>;
}

/** How long output is waited for after the end: a process left behind may hold the pipe for ever. */
const DRAIN_MS = 1_000;

/** Logs what comes through a new pipe, line by line; `finish` waits for the rest of it. */
export async function collectOutput(
  pipes: OutputPipes,
  id: string,
  log: (line: string) => void,
): Promise<{ readonly path: string; finish(): Promise<void> }> {
  const pipe = await pipes.open(id);
  const cut = new AbortController();
  const through = new TransformStream<Uint8Array, Uint8Array>();
  pipe.readable.pipeTo(through.writable, { signal: cut.signal }).catch(() => {});
  const drained = logLines(through.readable, log);
  return {
    path: pipe.path,
    async finish() {
      pipe.finish();
      const timer = setTimeout(() => cut.abort(), DRAIN_MS);
      await drained;
      clearTimeout(timer);
    },
  };
}

async function logLines(
  readable: ReadableStream<Uint8Array>,
  log: (line: string) => void,
): Promise<void> {
  try {
    for await (const line of textLines(readable)) log(line);
  } catch {
    // Cut off after the container ended: what it wrote before is in the log.
  }
}
