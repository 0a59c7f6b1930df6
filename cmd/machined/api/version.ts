import type { BuildInfo } from "$lib/version/mod.ts";
import type { MachineApi } from "./_impl.ts";

/** What the node is: its build and the platform it runs on. */
export interface VersionDeps {
  readonly build: BuildInfo;
  readonly platform: { readonly name: string; readonly mode: string };
}

/** Answers which release runs here; the runtime stands where the wire has `go_version`. */
export function versionApi({ build, platform }: VersionDeps): MachineApi<"version"> {
  const { tag, sha, built, runtime, os, arch } = build;
  const version = { tag, sha, built, goVersion: runtime, os, arch };
  return { version: () => ({ messages: [{ version, platform }] }) };
}
