/** What listens on a machine, and what it speaks. */
import { connect } from "node:tls";
import type { Node } from "./node.ts";

/** Ports on which something listens that is reached from outside, from /proc/net/tcp and tcp6. */
export function openPorts(...tables: readonly string[]): number[] {
  const ports = new Set<number>();
  for (const line of tables.flatMap((table) => table.trim().split("\n").slice(1))) {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    if (state === LISTEN && !isLoopback(address)) ports.add(parseInt(port, 16));
  }
  return [...ports].sort((a, b) => a - b);
}

const LISTEN = "0A";

/** Words of an address are in the machine's byte order: the first byte of IPv4 comes last. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith("7F");
  const mapped = /^0{16}FFFF0000(.{8})$/.exec(address)?.[1];
  return address === `${"0".repeat(24)}01000000` || (mapped?.endsWith("7F") ?? false);
}

/** How long a listener may take for its answer, milliseconds. */
const ANSWER_MS = 60_000;

/** Makes a port of the guest one of the host's too. */
export async function forwardPort({ vm, address }: Node, port: number): Promise<void> {
  await vm.monitor("human-monitor-command", {
    "command-line": `hostfwd_add net0 tcp:${address}:${port}-:${port}`,
  });
}

/** The version of TLS that is agreed on. @throws {Error} when the other side speaks something else. */
export function tlsVersion(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false });
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`${port}: no TLS`)));
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      resolve(socket.getProtocol() ?? "");
      socket.destroy();
    });
  });
}

/** What is answered to a request without TLS. */
export async function plainAnswer(hostname: string, port: number): Promise<string> {
  using connection = await Deno.connect({ hostname, port });
  const timer = setTimeout(() => connection.close(), ANSWER_MS);
  try {
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: node\r\n\r\n"));
    const answer = new Uint8Array(4096);
    const length = await connection.read(answer);
    return new TextDecoder().decode(answer.subarray(0, length ?? 0));
  } catch {
    return "";
  } finally {
    clearTimeout(timer);
  }
}
