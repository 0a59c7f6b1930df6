/** Tables as JSON: cells stay the texts that the table shows, so that both say the same. */

/** A row as an object, its columns named as the header says. */
export function rowText(header: readonly string[], row: readonly string[]): string {
  return objectText(header.map((name, column) => [keyOf(name), row[column] ?? ""]));
}

/** Rows of a name and its value as one object; a name with several values has a list. */
export function recordText(rows: readonly (readonly string[])[]): string {
  const entries: [string, string | string[]][] = [];
  for (const [name = "", value = ""] of rows) {
    const last = entries.at(-1);
    if (name === "" && last) last[1] = [last[1], value].flat();
    else entries.push([keyOf(name), value]);
  }
  return objectText(entries);
}

/** A column's name as a key: `LAST CHANGE` is `lastChange`, `SIZE(GB)` is `sizeGb`. */
export function keyOf(name: string): string {
  const words = name.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== "");
  return words.map((word, i) => i === 0 ? word : word[0]?.toUpperCase() + word.slice(1)).join("");
}

function objectText(entries: readonly (readonly [string, unknown])[]): string {
  return `${JSON.stringify(Object.fromEntries(entries), null, 4)}\n`;
}
