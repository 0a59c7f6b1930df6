import { type Dhcp4Route, networkOf } from "$lib/codec/mod.ts";

/** What a DHCP server gave, with the times that rule it; times are of the monotonic clock. */
export interface Lease {
  readonly address: string;
  readonly prefix: number;
  /** Its address, or its DUID in DHCPv6, as hexadecimal bytes with colons. */
  readonly server: string;
  readonly routers: readonly string[];
  readonly routes: readonly Dhcp4Route[];
  readonly dns: readonly string[];
  readonly hostname?: string;
  readonly domains: readonly string[];
  readonly mtu?: number;
  /** When to ask this server to renew. */
  readonly renewAtMs: number;
  /** When to ask any server. */
  readonly rebindAtMs: number;
  /** When the address must no longer be used; Infinity for a lease without end. */
  readonly expiresAtMs: number;
}

/** The leases of each link by its index, that of IPv4 first. */
export type Leases = ReadonlyMap<number, readonly Lease[]>;

const MIN_RENEW_MS = 5_000;
const ENDLESS_SECONDS = 0xffffffff;

/** A server's times in seconds; T1 and T2 may be absent. */
export interface LeaseSeconds {
  readonly leaseSeconds: number;
  readonly renewSeconds?: number | undefined;
  readonly rebindSeconds?: number | undefined;
}

/** The times of a lease that came at `nowMs`. */
export function leaseTimes(
  { leaseSeconds, renewSeconds, rebindSeconds }: LeaseSeconds,
  nowMs: number,
): Pick<Lease, "renewAtMs" | "rebindAtMs" | "expiresAtMs"> {
  const endless = leaseSeconds === ENDLESS_SECONDS;
  const leaseMs = endless ? Infinity : Math.max(leaseSeconds * 1_000, 2 * MIN_RENEW_MS);
  const { renewMs, rebindMs } = renewal(leaseMs, renewSeconds, rebindSeconds);
  return {
    renewAtMs: nowMs + renewMs,
    rebindAtMs: nowMs + rebindMs,
    expiresAtMs: nowMs + leaseMs,
  };
}

/** T1 and T2 as the server says when they are in order, else half and seven eighths of the lease. */
function renewal(leaseMs: number, t1?: number, t2?: number): { renewMs: number; rebindMs: number } {
  if (leaseMs === Infinity) return { renewMs: Infinity, rebindMs: Infinity };
  const rebind = (t2 ?? 0) * 1_000;
  const rebindMs = rebind > MIN_RENEW_MS && rebind < leaseMs ? rebind : leaseMs * 0.875;
  const renew = (t1 ?? 0) * 1_000;
  const renewMs = renew >= MIN_RENEW_MS && renew < rebindMs ? renew : leaseMs / 2;
  return { renewMs: Math.max(MIN_RENEW_MS, renewMs), rebindMs };
}

/** Seconds the kernel should keep the address from `nowMs` on; nothing for a lease without end. */
export function secondsLeft(lease: Lease, nowMs: number): number | undefined {
  if (lease.expiresAtMs === Infinity) return undefined;
  return Math.max(1, Math.round((lease.expiresAtMs - nowMs) / 1_000));
}

/** Where a lease wants packets sent: option 121 when it is there, else the first router. */
export function leaseRoutes(lease: Lease): readonly Dhcp4Route[] {
  // RFC 3442: who understands option 121 must ignore option 3 beside it.
  if (lease.routes.length > 0) {
    return lease.routes.map((route) => ({ ...route, ...networkOf(route) }));
  }
  const [gateway] = lease.routers;
  return gateway === undefined ? [] : [{ address: "0.0.0.0", prefix: 0, gateway }];
}
