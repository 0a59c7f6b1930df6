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

/** The kernel writes blank, tab, line feed and backslash as `\` and three octal digits. */
function unescape(text: string): string {
  const bytes = (_: string, octal: string) => String.fromCharCode(parseInt(octal, 8));
  return text.replaceAll(/\\([0-3][0-7]{2})/g, bytes);
}
