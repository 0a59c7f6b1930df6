import * as net from "node:net";

/** One node as a client addresses it. */
export interface NodeAddress {
  /** As the client wrote it: what replies are labelled with. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Most nodes that one call may name. */
export const MAX_NODES = 256;

/** The nodes that a `nodes` header names, each once, in the order given. */
export function nodeNames(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  const text = typeof header === "string" ? header : header.join(",");
  return [...new Set(text.split(",").map((name) => name.trim()).filter((name) => name !== ""))];
}

/**
 * The address that `name` stands for: `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
 * @throws {SyntaxError} when it is none of these
 */
export function nodeAddress(name: string, defaultPort: number): NodeAddress {
  if (net.isIPv6(name)) return { name, host: name, port: defaultPort };
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(name);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (!host || port < 1 || port > 65535 || (match?.[1] !== undefined && !net.isIPv6(host))) {
    throw new SyntaxError(`Cannot read node address: "${name.slice(0, 100)}"`);
  }
  return { name, host, port };
}
