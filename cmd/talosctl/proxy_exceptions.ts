/** This machine: what runs on it is not behind a proxy. Go's programs, kubectl too, never ask one. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "::1"] as const;

/** The NO_PROXY of an environment with this machine added: a local cluster's API is on it. */
export function proxyExceptions(env: Readonly<Record<string, string | undefined>>): string {
  const set = env.NO_PROXY ?? env.no_proxy ?? "";
  return [...(set === "" ? [] : [set]), ...LOOPBACK].join(",");
}
