import { encodeConfig } from "../encode/encode.ts";
import { formatPath, type Path } from "../finding.ts";
import type { MachineConfig, RawConfig } from "../schema/document.ts";
import { unifiedDiff } from "./diff.ts";
import { REDACTED, replaceSecrets } from "./redact.ts";

/**
 * Why a change of configuration cannot be taken up by a running machine, or `undefined` when it can:
 * only what is under `cluster` may change. Secrets in the diff are hidden, but not that they differ.
 */
export function immediateFault(current: MachineConfig, next: MachineConfig): string | undefined {
  const cluster = current.cluster;
  const diff = configDiff({ ...current, cluster }, { ...next, cluster });
  if (diff === "") return undefined;
  return `this config change can't be applied in immediate mode\ndiff: ${diff}`;
}

/** The differences between two configurations as a unified diff; secrets are hidden. */
export function configDiff(current: RawConfig, next: RawConfig): string {
  const secrets = new Map<string, string>();
  const before = replaceSecrets(current, (value, path) => {
    secrets.set(key(path), value);
    return REDACTED;
  });
  const after = replaceSecrets(next, (value, path) => {
    const known = secrets.get(key(path));
    return known === undefined || known === value ? REDACTED : `${REDACTED} (changed)`;
  });
  return unifiedDiff(plain(before), plain(after));
}

function key(path: Path): string {
  return formatPath(path);
}

function plain(config: RawConfig): string {
  return encodeConfig(config, { comments: false });
}
