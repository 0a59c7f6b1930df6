/** One mounted filesystem. */
export interface MountEntry {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** `/proc/mounts`, in mount order. */
export function parseMounts(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const [source, target, type, options] = line.split(" ");
    if (!source || !target || type === undefined) return [];
    return [{
      source: unescape(source),
      target: unescape(target),
      type,
      options: (options ?? "").split(",").filter((option) => option !== ""),
    }];
  });
}

/** One line of a mount table with what of the filesystem is mounted. */
export interface MountInfo {
  /** The directory of the filesystem that is mounted: not `/` for a bind mount of a part. */
  readonly root: string;
  readonly target: string;
  readonly type: string;
}

/** `/proc/self/mountinfo`, in mount order. */
export function parseMountinfo(text: string): MountInfo[] {
  return text.split("\n").flatMap((line) => {
    const [mount = "", filesystem = ""] = line.split(" - ", 2);
    const [, , , root, target] = mount.split(" ");
    const [type] = filesystem.split(" ");
    return root && target && type ? [{ root: unescape(root), target: unescape(target), type }] : [];
  });
}

/** The mount that `path`, absolute and without links, lies in: the last of the longest that cover it. */
export function mountOf(path: string, mounts: readonly MountInfo[]): MountInfo | undefined {
  let found: MountInfo | undefined;
  for (const mount of mounts) {
    const prefix = mount.target.endsWith("/") ? mount.target : `${mount.target}/`;
    const covers = path === mount.target || path.startsWith(prefix);
    if (covers && mount.target.length >= (found?.target.length ?? 0)) found = mount;
  }
  return found;
}

/** The kernel writes blank, tab, line feed and backslash as `\` and three octal digits. */
function unescape(text: string): string {
  const bytes = (_: string, octal: string) => String.fromCharCode(parseInt(octal, 8));
  return text.replaceAll(/\\([0-3][0-7]{2})/g, bytes);
}
