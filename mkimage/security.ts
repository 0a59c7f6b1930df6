import { join } from "node:path";
import { parseManifest } from "$lib/image/mod.ts";
import { compareConfig, securityTable } from "./kspp.ts";

/** The lines of docs/security.md between which the table stands. */
const MARKS = { start: "<!-- kernel table: made by mkimage security -->", end: "<!-- end -->" };

/** The document with the table of the kernel of a built image in it. @throws {Error} when a mark is missing. */
export async function withKernelTable(document: string, dist: string): Promise<string> {
  const { kernel } = parseManifest(await Deno.readTextFile(join(dist, "manifest.json")));
  const config = await Deno.readTextFile(join(dist, "kernel-config-amd64"));
  const start = document.indexOf(MARKS.start);
  const end = document.indexOf(MARKS.end, start);
  if (start < 0 || end < 0) throw new Error("Cannot write the kernel table: its marks are missing");
  const table = securityTable(kernel, compareConfig(config));
  return document.slice(0, start + MARKS.start.length) + `\n\n${table}\n\n` + document.slice(end);
}
