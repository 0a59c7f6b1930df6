/** Looking at a node's releases through its API. */
import { NODE_UPGRADE, UpgradeStatus } from "$lib/resources/mod.ts";
import { BOOT_ID_FILE, type Sight, sightOf } from "$lib/upgrade/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import type { Client } from "../client/client.ts";
import { NodesError } from "../errors.ts";

/** How long an answer may take, milliseconds. */
const ANSWER_MS = 10_000;

/** Looks at the one node that `client` calls. @throws {Error} when it does not answer, or says too little */
export async function lookAt(client: Client): Promise<Sight> {
  const options = { timeoutMs: ANSWER_MS };
  const { type, namespace } = UpgradeStatus;
  const request = { namespace, type, id: NODE_UPGRADE };
  const answers = await client.unary(ResourceService.method.get, request, options);
  const resource = answers.find(({ message }) => message.resource)?.message.resource;
  let bootId = "";
  const file = client.stream(MachineService.method.read, { path: BOOT_ID_FILE }, options);
  for await (const { message } of file) bootId += new TextDecoder().decode(message.bytes);
  if (bootId === "") throw new NodesError(client.failures);
  return sightOf(resource?.spec?.yaml, bootId);
}
