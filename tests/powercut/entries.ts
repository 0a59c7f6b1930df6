/** Which release systemd-boot starts: told anew here, so that a test does not believe what it tests. */

/** An entry of the boot menu, from its file. */
export interface MenuEntry {
  readonly file: string;
  readonly program: string;
  readonly version: number;
  /** Tries that are left; absent where none are counted. */
  readonly triesLeft?: number;
}

/** Reads an entry; nothing when it has no program. */
export function readEntry(file: string, text: string): MenuEntry | undefined {
  const field = (name: string) => new RegExp(`^${name}\\s+(.+)$`, "m").exec(text)?.[1]?.trim();
  const program = field("efi");
  if (program === undefined) return undefined;
  const tries = /\+(\d+)(?:-\d+)?\.conf$/.exec(file)?.[1];
  return {
    ...{ file, program, version: Number(field("version") ?? 0) },
    ...tries === undefined ? {} : { triesLeft: Number(tries) },
  };
}

/** The entry that is started: the highest version that has a program and is not out of tries. */
export function startedEntry(
  entries: readonly MenuEntry[],
  exists: (program: string) => boolean,
): MenuEntry | undefined {
  const bootable = entries.filter(({ program }) => exists(program));
  const rank = ({ triesLeft }: MenuEntry) => triesLeft === 0 ? 1 : 0;
  return bootable.toSorted((a, b) => rank(a) - rank(b) || b.version - a.version)[0];
}
