import { MachineService } from "$proto/machine/machine_pb.ts";
import { type Resource, ResourceService } from "$proto/resource/resource_pb.ts";
import { applyConfig, type ApplyMode, type ApplyTime } from "./apply.ts";
import type { Client } from "./client/client.ts";
import { reasonOf } from "./client/rpc_error.ts";
import { NodesError } from "./errors.ts";
import type { Printer } from "./printer.ts";

/** The one type of resource that users may change. */
const MACHINE_CONFIG = "machineconfigs.config.talos.dev";

/** Which resources a command is about. */
export interface ResourceRequest {
  readonly namespace: string;
  readonly type: string;
  /** Empty for all of the type. */
  readonly id: string;
}

/** The configuration of one node, and the way to replace it. */
export interface NodeConfig {
  readonly node: string;
  /** Whether the user named nodes. */
  readonly named: boolean;
  /** As it was submitted, comments and all. */
  readonly text: string;
  apply(text: string, time: ApplyTime): Promise<void>;
}

/** One that also changes as the flags of a command say. */
export interface ChangeableConfig extends NodeConfig {
  change(text: string, mode: ApplyMode, out: Printer): Promise<void>;
}

/** The configurations of all nodes that `client` addresses. @throws {Error} for another type. */
export async function nodeConfigs(
  client: Client,
  request: ResourceRequest,
): Promise<ChangeableConfig[]> {
  const found: ChangeableConfig[] = [];
  const encoder = new TextEncoder();
  for await (const { node, named, message } of answersTo(client, request)) {
    const { definition, resource } = message;
    if (definition && definition.metadata?.id.toLowerCase() !== MACHINE_CONFIG) {
      throw new Error(`only the machineconfig resource can be changed, not "${request.type}"`);
    }
    if (!resource) continue;
    // Each attempt has failures of its own.
    const target = () => named ? client.only(node) : client;
    found.push({
      node,
      named,
      text: new TextDecoder().decode(resource.spec?.yaml),
      async apply(text, { immediate, onReboot }) {
        const request = { data: encoder.encode(text), immediate, onReboot };
        await target().unary(MachineService.method.applyConfiguration, request);
      },
      change: (text, mode, out) => applyConfig(target(), out, encoder.encode(text), mode),
    });
  }
  return found;
}

interface ResourceAnswer {
  readonly node: string;
  readonly named: boolean;
  readonly message: {
    readonly definition?: Resource | undefined;
    readonly resource?: Resource | undefined;
  };
}

async function* answersTo(
  client: Client,
  { namespace, type, id }: ResourceRequest,
): AsyncGenerator<ResourceAnswer> {
  if (id === "") yield* client.stream(ResourceService.method.list, { namespace, type });
  else yield* await client.unary(ResourceService.method.get, { namespace, type, id });
}

/** What one node said against a call, without the wrapping of the wire. */
export function refusalText(error: unknown): string {
  const [failure] = error instanceof NodesError ? error.failures : [];
  return (failure?.reason ?? reasonOf(error)).replace(/^rpc error: code = \w+ desc = /, "");
}
