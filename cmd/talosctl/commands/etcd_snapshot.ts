import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { exactly } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "../client/client.ts";
import { NodesError } from "../errors.ts";
import { fileReason, SECRET } from "../files.ts";
import type { HostFiles } from "../host.ts";
import { command, type Session } from "../session.ts";

/** Bytes of the SHA-256 that etcd puts behind the database. */
const HASH_BYTES = 32;

/** `talosctl etcd snapshot` */
export const snapshotCommand = command({
  summary: "Stream snapshot of the etcd node to the path",
  description: `Take a snapshot of the node's etcd, check it and save it.
'talosctl bootstrap --recover-from' starts a cluster from it.`,
  args: exactly("<path>"),
  async run(_flags, session: Session, [path = ""]) {
    const client = await session.oneNodeClient("etcd snapshot");
    const size = await saveSnapshot(session.host.files, path, snapshotOf(client));
    session.out.line(`etcd snapshot saved to "${path}" (${size} bytes)`);
  },
});

async function* snapshotOf(client: Client): AsyncGenerator<Uint8Array> {
  const stream = client.stream(MachineService.method.etcdSnapshot, {});
  for await (const { message } of stream) yield message.bytes;
  if (client.failures.length > 0) throw new NodesError(client.failures);
}

/**
 * Writes a snapshot beside `path` and moves it there once its checksum holds: what a broken
 * connection cut off never looks like a backup. Gives its size. @throws {Error}
 */
export async function saveSnapshot(
  files: HostFiles,
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const part = `${path}.part`;
  const check = new SnapshotCheck();
  try {
    await files.mkdir(dirname(path), { recursive: true });
    using file = await files.open(part, {
      write: true,
      create: true,
      truncate: true,
      mode: SECRET,
    });
    for await (const chunk of chunks) {
      check.push(chunk);
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    }
    const fault = check.fault();
    if (fault) throw new Error(`Cannot save snapshot: ${fault}`);
    await file.sync();
    await files.rename(part, path);
    return check.size;
  } catch (error) {
    await files.remove(part).catch(() => {});
    if (!(error instanceof Error) || !isFileError(error)) throw error;
    throw new Error(`Cannot write "${path}": ${fileReason(error)}`, { cause: error });
  }
}

function isFileError(error: Error): boolean {
  return Object.values(Deno.errors).some((kind) => error instanceof kind) ||
    /os error \d+/.test(error.message);
}

/** Follows a snapshot's bytes: all but the last 32 are the database, those are its SHA-256. */
export class SnapshotCheck {
  readonly #hash = createHash("sha256");
  #tail: Uint8Array = new Uint8Array(0);
  size = 0;

  push(chunk: Uint8Array): void {
    this.size += chunk.length;
    const bytes = Buffer.concat([this.#tail, chunk]);
    const cut = Math.max(0, bytes.length - HASH_BYTES);
    this.#hash.update(bytes.subarray(0, cut));
    this.#tail = bytes.subarray(cut);
  }

  /** Why what came is no whole snapshot, or undefined when it is. */
  fault(): string | undefined {
    if (this.size === 0) return "the node sent nothing";
    if (this.#hash.digest().equals(this.#tail)) return undefined;
    return "its checksum is wrong, take it again";
  }
}
