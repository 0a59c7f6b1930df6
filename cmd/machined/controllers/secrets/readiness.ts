import { type Input, type Pass, weak } from "$lib/cosi/mod.ts";
import { NODE_TIME, Service, TimeStatus } from "$lib/resources/mod.ts";

const NETWORKD = "networkd";
const TIMED = "timed";

/** What tells whether certificates can be issued. */
export const READINESS_INPUTS: readonly Input[] = [
  weak(Service, NETWORKD),
  weak(Service, TIMED),
  weak(TimeStatus, NODE_TIME),
];

/**
 * Whether the node knows its names and addresses, and what time it is as well as it will for now:
 * timed is healthy after its first try, so a site without time servers has certificates too.
 */
export async function canIssue(pass: Pass): Promise<boolean> {
  const network = await pass.find(Service, NETWORKD);
  const time = await pass.find(TimeStatus, NODE_TIME);
  const timed = await pass.find(Service, TIMED);
  return (network?.healthy ?? false) && ((time?.synced ?? false) || (timed?.healthy ?? false));
}
