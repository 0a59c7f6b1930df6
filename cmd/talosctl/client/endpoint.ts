import { APID_PORT } from "$lib/paths/mod.ts";

/** Where an apid listens, and how the user called it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Reads `host`, `host:port`, `::1` or `[::1]:port`; the port is apid's when none is given. */
export function parseEndpoint(text: string): Endpoint {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed) return endpoint(text, bracketed[1] ?? "", bracketed[2]);
  if (text.split(":").length > 2) return endpoint(text, text, undefined);
  const [host = "", port] = text.split(":");
  return endpoint(text, host, port);
}

function endpoint(text: string, host: string, port: string | undefined): Endpoint {
  const number = port === undefined ? APID_PORT : Number(port);
  if (host === "" || !Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new TypeError(`Cannot use endpoint "${text}": it is not a host or host:port`);
  }
  return { host, port: number };
}

/** The endpoint as messages name it. */
export function endpointName({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `items` in an order that chance decides, so that many clients spread over many endpoints. */
export function shuffled<T>(items: readonly T[], random: () => number = Math.random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
