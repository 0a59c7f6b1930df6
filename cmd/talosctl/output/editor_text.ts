const END =
  "# ---- the configuration begins below this line, which is where its lines are counted from";

/** The comment above a configuration in the editor: whose it is, and why it was refused before. */
export function editorHeader(node: string, fault?: string): string {
  const lines = [`Editing the machine configuration of node ${node}`];
  if (fault !== undefined) lines.push("It was not applied:", ...fault.trimEnd().split("\n"));
  return `${lines.map((line) => `# ${line}`.trimEnd()).join("\n")}\n${END}\n`;
}

/** What stands below the header; when its end was deleted, what is left of the header goes too. */
export function withoutHeader(edited: string, header: string): string {
  const lines = edited.split("\n");
  const end = lines.findIndex((line) => line.trimEnd() === END);
  if (end >= 0) return lines.slice(end + 1).join("\n");
  const known = new Set(header.split("\n").filter((line) => line !== ""));
  const first = lines.findIndex((line) => !known.has(line.trimEnd()));
  return first < 0 ? "" : lines.slice(first).join("\n");
}

/** Whether there is anything but comments. */
export function hasContent(text: string): boolean {
  return text.split("\n").some((line) => !/^\s*(#|$)/.test(line));
}
