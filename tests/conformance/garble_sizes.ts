import { frame, messageOf } from "./garble_bytes.ts";
import { type Ending, GarbleClient, type GarbleTarget } from "./garble_client.ts";

/** How a server took a message of one size. */
export interface SizeEnding extends Ending {
  readonly name: string;
}

/**
 * Sends messages around the limit: one byte less, the limit, one byte more, and one that is only
 * declared to have 1 GiB. The first two are good, the others have to end as `grpc 8`.
 */
export async function garbleSizes(
  target: GarbleTarget,
  limitBytes: number,
  path = "/machine.MachineService/Hostname",
): Promise<SizeEnding[]> {
  const bodies: [string, () => Uint8Array<ArrayBuffer>][] = [
    ["limit - 1", () => frame(messageOf(limitBytes - 1))],
    ["limit", () => frame(messageOf(limitBytes))],
    ["limit + 1", () => frame(messageOf(limitBytes + 1))],
    ["1 GiB declared", () => frame(new Uint8Array(100), 0, 1 << 30)],
  ];
  const headers = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    "te": "trailers",
  };
  const endings: SizeEnding[] = [];
  for (const [name, body] of bodies) {
    const client = new GarbleClient(target, 60_000);
    endings.push({ name, ...await client.call({ headers, body: body() }) });
    client.close();
  }
  return endings;
}
