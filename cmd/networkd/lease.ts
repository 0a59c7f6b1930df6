import { type Dhcp4Message, type Dhcp4Route, networkOf, parseIpv4 } from "$lib/codec/mod.ts";

/** What a DHCP server gave, with the times that rule it; times are of the monotonic clock. */
export interface Lease {
  readonly address: string;
  readonly prefix: number;
  readonly server: string;
  readonly routers: readonly string[];
  readonly routes: readonly Dhcp4Route[];
  readonly dns: readonly string[];
  readonly ntp: readonly string[];
  readonly hostname?: string;
  readonly domain?: string;
  readonly mtu?: number;
  /** When to ask this server to renew. */
  readonly renewAtMs: number;
  /** When to ask any server. */
  readonly rebindAtMs: number;
  /** When the address must no longer be used; Infinity for a lease without end. */
  readonly expiresAtMs: number;
}

const MIN_RENEW_MS = 5_000;
const ENDLESS_SECONDS = 0xffffffff;

/** The lease in an acknowledgement that came at `nowMs`, or nothing when it holds no usable one. */
export function leaseOf({ yourIp, options }: Dhcp4Message, nowMs: number): Lease | undefined {
  const { leaseSeconds, serverId } = options;
  if (!isHostAddress(yourIp) || serverId === undefined || !leaseSeconds) return undefined;
  const endless = leaseSeconds === ENDLESS_SECONDS;
  const leaseMs = endless ? Infinity : Math.max(leaseSeconds * 1_000, 2 * MIN_RENEW_MS);
  const { renewMs, rebindMs } = renewal(leaseMs, options.renewSeconds, options.rebindSeconds);
  const { hostname, domain, mtu } = options;
  return {
    address: yourIp,
    prefix: options.prefix ?? classfulPrefix(yourIp),
    server: serverId,
    routers: options.routers ?? [],
    routes: options.routes ?? [],
    dns: options.dns ?? [],
    ntp: options.ntp ?? [],
    ...(hostname === undefined ? {} : { hostname }),
    ...(domain === undefined ? {} : { domain }),
    ...(mtu === undefined ? {} : { mtu }),
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

/** Whether an address can be a host's: not of this network, loopback, multicast or broadcast. */
export function isHostAddress(address: string): boolean {
  const [first = 0] = parseIpv4(address);
  return first !== 0 && first !== 127 && first < 224;
}

function classfulPrefix(address: string): number {
  const [first = 0] = parseIpv4(address);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
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
