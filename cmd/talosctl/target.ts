import { Buffer } from "node:buffer";
import { UsageError } from "$lib/cli/mod.ts";
import type { Talosconfig, TalosContext } from "./talosconfig.ts";

/** The flags that choose whom to talk to. */
export interface TargetFlags {
  readonly context: string;
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
}

/** Whom a command talks to and with which credentials. */
export interface Target {
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
  /** PEM texts; absent where the context has none. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The context that `flags` and the file choose. @throws {Error} when there is none of that name. */
export function chosenContext(
  config: Talosconfig,
  flags: Pick<TargetFlags, "context">,
): TalosContext {
  const name = flags.context || config.context;
  const context = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (context) return context;
  if (flags.context) throw new Error(`context "${name}" not found in config`);
  const hint = Object.keys(config.contexts).length === 0
    ? ": the talosconfig has no contexts, create a cluster or merge a talosconfig first"
    : "";
  throw new Error(`default context "${name}" not found in config${hint}`);
}

/** Whom to talk to: flags win over the context. @throws {UsageError} when no endpoint is known. */
export function resolveTarget(config: Talosconfig, flags: TargetFlags): Target {
  const context = chosenContext(config, flags);
  const endpoints = flags.endpoints.length > 0 ? flags.endpoints : context.endpoints ?? [];
  if (endpoints.length === 0) {
    throw new UsageError("failed to determine endpoints: set them with the --endpoints flag");
  }
  return {
    endpoints,
    nodes: flags.nodes.length > 0 ? flags.nodes : context.nodes ?? [],
    ...pem("ca", context.ca),
    ...pem("cert", context.crt),
    ...pem("key", context.key),
  };
}

function pem<K extends string>(key: K, base64: string | undefined): { [P in K]?: string } {
  if (!base64) return {};
  return { [key]: Buffer.from(base64, "base64").toString("utf8") } as { [P in K]?: string };
}

/** Refuses commands that make sense for one node only. @throws {UsageError} */
export function requireOneNode(command: string, nodes: readonly string[]): void {
  if (nodes.length > 1) {
    throw new UsageError(`command "${command}" is not supported with multiple nodes`);
  }
}
