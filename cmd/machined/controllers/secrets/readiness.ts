import { type Input, type Pass, weak } from "$lib/cosi/mod.ts";
import { NODE_TIME, Service, TimeStatus } from "$lib/resources/mod.ts";

const NETWORKD = "networkd";

/** What tells whether certificates can be issued. */
export const READINESS_INPUTS: readonly Input[] = [
  weak(Service, NETWORKD),
  weak(TimeStatus, NODE_TIME),
];

/** Whether the node knows its names and addresses, and what time it is. */
export async function canIssue(pass: Pass): Promise<boolean> {
  const network = await pass.find(Service, NETWORKD);
  const time = await pass.find(TimeStatus, NODE_TIME);
  return (network?.healthy ?? false) && (time?.synced ?? false);
}
