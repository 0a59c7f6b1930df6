/** Files that the configuration brings: `machine.files`. */
import { dirname, join } from "node:path/posix";
import { MS } from "$ffi/mount.ts";
import { writeFileDurable } from "$ffi/sync.ts";
import type { MachineConfig } from "$lib/config/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import type { Task } from "../sequences/engine.ts";
import type { Binder } from "./etc.ts";

type UserFile = NonNullable<MachineConfig["machine"]["files"]>[number];

/** What is appended to is read whole. */
const MAX_BYTES = 16 << 20;

const LINE_FEED = 0x0a;

/** A file that is shown in another place is not written to there. */
const BOUND = MS.RDONLY | MS.NOSUID | MS.NODEV;

/** Writes `machine.files`. Those that cannot be written fail the boot, after the others were. */
export function writeUserFiles({ config, mounter }: Pick<Machine, "config" | "mounter">): Task {
  return {
    name: "writeUserFiles",
    async run() {
      const faults: string[] = [];
      const { files = [] } = config.running.value?.config.machine ?? {};
      for (const [i, file] of files.entries()) {
        await writeUserFile(file, { mounter }).catch((error: unknown) =>
          void faults.push(`machine.files[${i}]: ${messageOf(error)}`)
        );
      }
      if (faults.length > 0) throw new Error(faults.join("; "));
    },
  };
}

/**
 * Writes one file. It is kept on /var, whatever its path: elsewhere it is bound over what the image has,
 * read-only. `root` is where the machine's root is.
 *
 * @throws {Error} that names the file and what is wrong with it; then the former one stays
 */
export async function writeUserFile(
  file: UserFile,
  { mounter, root = "" }: { readonly mounter: Binder; readonly root?: string },
): Promise<void> {
  const path = join(root, file.path);
  const onVar = isOnVar(file.path);
  const store = onVar ? path : join(root, "/var", file.path);
  const bytes = bytesOf(file, await present(path, file.path));
  await Deno.mkdir(dirname(store), { recursive: true, mode: 0o755 });
  // A full /var has no room for what it holds already.
  if (!await holds(store, bytes, file.permissions)) {
    await writeFileDurable(store, bytes, file.permissions);
  }
  if (!onVar) mounter.bindMount(store, path, { flags: BOUND });
}

/** Whether a former boot has written the file just so, and nobody has changed it. */
async function holds(path: string, bytes: Uint8Array, permissions: number): Promise<boolean> {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (!info?.isFile || info.uid !== Deno.uid() || info.size !== bytes.length) return false;
  if ((info.mode! & 0o7777) !== permissions) return false;
  const there = await Deno.readFile(path);
  return there.every((byte, i) => byte === bytes[i]);
}

function isOnVar(path: string): boolean {
  return path.split("/").find((part) => part !== "") === "var";
}

/** What the file holds by now; nothing where there is none. */
async function present(path: string, name: string): Promise<Uint8Array | undefined> {
  const info = await Deno.stat(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (!info) return undefined;
  if (!info.isFile) throw new Error(`Cannot write "${name}": it is not a file`);
  if (info.size > MAX_BYTES) {
    throw new Error(`Cannot write "${name}": it has ${info.size} bytes, more than ${MAX_BYTES}`);
  }
  return await Deno.readFile(path);
}

/** What the file is to hold, where it holds `before`, or is not there. */
export function bytesOf(
  { op, path, content }: Pick<UserFile, "op" | "path" | "content">,
  before: Uint8Array | undefined,
): Uint8Array {
  const own = new TextEncoder().encode(content);
  if (op === "create") return own;
  if (!before) throw new Error(`Cannot ${op} "${path}": there is no such file`);
  if (op === "overwrite") return own;
  // What is on /var outlives the boot, and what was appended to it then.
  if (endsWith(before, own)) return before;
  const feed = before.length === 0 || before.at(-1) === LINE_FEED ? [] : [LINE_FEED];
  return new Uint8Array([...before, ...feed, ...own]);
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const from = bytes.length - end.length;
  return from >= 0 && end.every((byte, i) => bytes[from + i] === byte);
}
