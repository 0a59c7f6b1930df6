import type { BuiltComponent } from "./components/build.ts";
import type { BuiltImage } from "./oci/build.ts";
import type { PartSize } from "./image.ts";

/** The parts of an image as aligned columns: name, size of the content, size compressed. */
export function sizeTable(parts: readonly PartSize[]): string {
  return columns([
    ["PART", "SIZE", "COMPRESSED"],
    ...parts.map((
      { name, contentBytes, sizeBytes },
    ) => [name, sizeText(contentBytes), sizeText(sizeBytes)]),
  ]);
}

/** The programs of components as aligned columns: name, version, size. */
export function componentTable(components: readonly BuiltComponent[]): string {
  const rows = components.flatMap(({ version, programs }) =>
    programs.map(({ name, sizeBytes }) => [name, version, sizeText(sizeBytes)])
  );
  return columns([["PROGRAM", "VERSION", "SIZE"], ...rows]);
}

/** Images as aligned columns: name, size, digest. */
export function imageTable(images: readonly BuiltImage[]): string {
  const rows = images.map(({ name, sizeBytes, manifest }) => [
    ...[name, sizeText(sizeBytes), manifest.digest.slice(0, 19)],
  ]);
  return columns([["IMAGE", "SIZE", "DIGEST"], ...rows]);
}

/** Rows of equally many cells, the first column aligned left and the others right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const cell = (text: string, at: number) =>
    at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!);
  return rows.map((row) => row.map(cell).join("   ")).join("\n");
}

/** A size for people: `41.7 MB`, or `38 kB` of what is small. */
export function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
