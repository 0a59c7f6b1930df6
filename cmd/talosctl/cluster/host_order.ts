import type { BalancedTarget } from "./balancer.ts";
import type { ServeOptions } from "./config_server.ts";

/** What the process beside the machines is to do. */
export interface HostOrder extends Pick<ServeOptions, "files" | "pidFile"> {
  /** API servers to share connections among; none for one machine, or where no Kubernetes is founded. */
  readonly balanced: readonly BalancedTarget[];
  /** Where the switch between the machines has its sockets; null where there is only one machine. */
  readonly network: string | null;
}

/** The ports that it listens on. */
export interface HostPorts {
  readonly port: number;
  readonly balancerPort?: number;
}

/** Reads an order. @throws {TypeError} when it is none; its text is secret and not told */
export function readOrder(line: string): HostOrder {
  const { files, pidFile, balanced, network } = parsed(line) as Partial<HostOrder>;
  const paths = Object.keys(files ?? {});
  const isOrder = paths.every((path) => /^\/[\w/.-]+$/.test(path)) &&
    typeof pidFile === "string" && Array.isArray(balanced) &&
    (network === null || typeof network === "string");
  if (isOrder) return { files: files ?? {}, pidFile, balanced, network };
  throw new TypeError("Cannot serve the cluster: what came on stdin is no order");
}

function parsed(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
