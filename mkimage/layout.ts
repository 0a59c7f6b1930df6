import type { CpioEntry } from "./cpio.ts";
import { sha256 } from "./hash.ts";

/** Files that come after the manifest, which cannot speak of itself. */
const LATER = /^\/(image\/.+|rootfs\.sqsh)$/;

/** One hash for what file contents do not show: kinds, modes, link targets, device numbers. */
export function layoutHash(entries: readonly CpioEntry[]): string {
  const lines = entries.filter(({ path }) => !LATER.test(path)).map((entry) => {
    const mode = entry.type === "symlink" ? "777" : entry.mode.toString(8);
    return `${entry.type} ${mode} ${entry.path} ${detail(entry)}\n`;
  });
  return sha256(lines.sort().join(""));
}

function detail(entry: CpioEntry): string {
  if (entry.type === "symlink") return entry.target;
  return entry.type === "device" ? `${entry.device.major}:${entry.device.minor}` : "";
}
