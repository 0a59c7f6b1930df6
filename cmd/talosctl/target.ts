import { Buffer } from "node:buffer";
import { UsageError } from "$lib/cli/mod.ts";
import type { Context, Talosconfig } from "$lib/talosconfig/mod.ts";

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

/** The context that the flag or the file chooses. @throws {Error} when there is none of that name. */
export function chosenContext(config: Talosconfig, name: string): Context {
  if (name === "" && config.names.length === 0) {
    throw new Error(
      `default context "${config.current}" not found in config: the talosconfig has no contexts, ` +
        "create a cluster or merge a talosconfig first",
    );
  }
  return config.select(name);
}

/** Whom to talk to: flags win over the context. @throws {UsageError} when no endpoint is known. */
export function resolveTarget(config: Talosconfig, flags: TargetFlags): Target {
  const context = chosenContext(config, flags.context);
  const endpoints = flags.endpoints.length > 0 ? flags.endpoints : context.endpoints;
  if (endpoints.length === 0) {
    throw new UsageError("failed to determine endpoints: set them with the --endpoints flag");
  }
  return {
    endpoints,
    nodes: flags.nodes.length > 0 ? flags.nodes : context.nodes,
    ...(context.ca ? { ca: pem("ca", context.ca) } : {}),
    ...(context.crt ? { cert: pem("crt", context.crt) } : {}),
    ...(context.key ? { key: pem("key", context.key) } : {}),
  };
}

function pem(what: string, base64: string): string {
  const text = Buffer.from(base64, "base64").toString("utf8");
  if (text.includes("-----BEGIN ")) return text;
  throw new Error(`Cannot use the context's ${what}: it is not base64 over PEM`);
}

/** Refuses commands that make sense for one node only. @throws {UsageError} */
export function requireOneNode(command: string, nodes: readonly string[]): void {
  if (nodes.length > 1) {
    throw new UsageError(`command "${command}" is not supported with multiple nodes`);
  }
}
