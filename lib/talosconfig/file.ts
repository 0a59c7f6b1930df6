import { dirname } from "node:path";
import { Talosconfig } from "./talosconfig.ts";

/** The file calls needed here; `Deno` fits. */
export type ConfigFiles = Pick<
  typeof Deno,
  "mkdir" | "open" | "readTextFile" | "realPath" | "remove" | "rename"
>;

/** Reads the file at `path`; an absent one is created without contexts, mode 0600. */
export async function openTalosconfig(files: ConfigFiles, path: string): Promise<Talosconfig> {
  let text: string;
  try {
    text = await files.readTextFile(path);
  } catch (cause) {
    if (!isNotFound(cause)) throw new Error(`Cannot read talosconfig "${path}"`, { cause });
    const config = Talosconfig.empty();
    await saveTalosconfig(files, path, config);
    return config;
  }
  try {
    return Talosconfig.parse(text);
  } catch (cause) {
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(`${state} (in "${path}")`, { cause });
  }
}

/** Writes the file whole or not at all, mode 0600; a link stays one and what it points to changes. */
export async function saveTalosconfig(
  files: ConfigFiles,
  path: string,
  config: Talosconfig,
): Promise<void> {
  const target = await files.realPath(path).catch(() => path);
  const temporary = `${target}.${crypto.randomUUID()}`;
  try {
    await files.mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await write(files, temporary, new TextEncoder().encode(config.toString()));
    await files.rename(temporary, target);
  } catch (cause) {
    await files.remove(temporary).catch(() => {});
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot write talosconfig "${path}": ${state}`, { cause });
  }
}

async function write(files: ConfigFiles, path: string, bytes: Uint8Array): Promise<void> {
  using file = await files.open(path, { write: true, createNew: true, mode: 0o600 });
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  // Before the rename: else a crash can leave the new name on an empty file.
  await file.sync();
}

function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound;
}
