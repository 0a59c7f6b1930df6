import type { PartSize } from "./image.ts";

/** The parts of an image as aligned columns: name, size of the content, size compressed. */
export function sizeTable(parts: readonly PartSize[]): string {
  const rows = [
    ["PART", "SIZE", "COMPRESSED"],
    ...parts.map((
      { name, contentBytes, sizeBytes },
    ) => [name, mega(contentBytes), mega(sizeBytes)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = ([name, ...sizes]: string[]) =>
    [name!.padEnd(widths[0]!), ...sizes.map((text, i) => text.padStart(widths[i + 1]!))].join(
      "   ",
    );
  return rows.map(line).join("\n");
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
