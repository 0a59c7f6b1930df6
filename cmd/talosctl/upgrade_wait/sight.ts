/** Looking at a node's releases through its API. */
import { parse } from "yaml";
import { NODE_UPGRADE, UpgradeStatus, type UpgradeStatusSpec } from "$lib/resources/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import type { Client } from "../client/client.ts";
import { NodesError } from "../errors.ts";
import type { Sight } from "./verdict.ts";

/** How long an answer may take, milliseconds. */
const ANSWER_MS = 10_000;
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Looks at the one node that `client` calls. @throws {Error} when it does not answer, or says too little */
export async function lookAt(client: Client): Promise<Sight> {
  const options = { timeoutMs: ANSWER_MS };
  const { type, namespace } = UpgradeStatus;
  const request = { namespace, type, id: NODE_UPGRADE };
  const answers = await client.unary(ResourceService.method.get, request, options);
  const resource = answers.find(({ message }) => message.resource)?.message.resource;
  if (!resource?.spec) throw new Error("Cannot look at the node: it has no status of upgrades");
  const spec = parse(new TextDecoder().decode(resource.spec.yaml)) as UpgradeStatusSpec;
  const { version, slot, state, message } = spec;
  let bootId = "";
  const file = client.stream(MachineService.method.read, { path: BOOT_ID }, options);
  for await (const { message } of file) bootId += new TextDecoder().decode(message.bytes);
  if (bootId === "") throw new NodesError(client.failures);
  return { version, slot, state, message, bootId: bootId.trim() };
}
