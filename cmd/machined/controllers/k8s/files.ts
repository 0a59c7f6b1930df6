import { join } from "node:path/posix";

/** How files in a directory are kept. */
export interface KeptFiles {
  readonly directory: string;
  readonly fileMode: number;
  /** Who owns the files; who owns this process unless told. */
  readonly uid?: number;
  /** Which files of the directory are ours to remove. */
  readonly owns: (name: string) => boolean;
}

/**
 * Makes the files of a directory be `files`: writes those that differ, each in one step for readers,
 * and removes ours that are not named. Gives whether anything changed.
 */
export async function keepFiles(
  kept: KeptFiles,
  files: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { directory, owns } = kept;
  let changed = false;
  if (Object.keys(files).length > 0) await Deno.mkdir(directory, { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(files)) {
    if (await readIfThere(join(directory, name)) === text) continue;
    await replace(kept, name, text);
    changed = true;
  }
  for (const name of await namesIn(directory)) {
    if (!owns(name) || Object.hasOwn(files, name)) continue;
    await Deno.remove(join(directory, name));
    changed = true;
  }
  return changed;
}

async function replace(
  { directory, fileMode, uid }: KeptFiles,
  name: string,
  text: string,
): Promise<void> {
  // Names with a dot in front are passed over by who reads the directory.
  const draft = join(directory, `.${name}.new`);
  await Deno.remove(draft).catch(ignoreAbsent);
  await Deno.writeTextFile(draft, text, { mode: fileMode, createNew: true });
  if (uid !== undefined) await Deno.chown(draft, uid, uid);
  await Deno.rename(draft, join(directory, name));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    ignoreAbsent(error);
    return undefined;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(directory));
    return entries.filter(({ isFile }) => isFile).map(({ name }) => name);
  } catch (error) {
    ignoreAbsent(error);
    return [];
  }
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
