import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { isFault, isTombstone, type Kind, type Resource, type StateReader } from "$lib/cosi/mod.ts";
import {
  type Catalog,
  type Definition,
  definitionId,
  ResourceDefinition,
  specYaml,
} from "$lib/resources/mod.ts";
import {
  EventType,
  type ResourceSchema,
  type ResourceService,
} from "$proto/resource/resource_pb.ts";

/** What the resource service shows. */
export interface ResourceServiceDeps {
  readonly state: StateReader;
  readonly catalog: Catalog;
}

type ResourceMessage = MessageInitShape<typeof ResourceSchema>;

/** Which resources a request means, and how they read. */
interface Target {
  readonly definition: Definition;
  readonly kind: Kind;
}

const EVENT_TYPES = {
  created: EventType.CREATED,
  updated: EventType.UPDATED,
  destroyed: EventType.DESTROYED,
} as const;

/** Get, list and watch resources; nothing here changes one. */
export function resourceService(
  { state, catalog }: ResourceServiceDeps,
): ServiceImpl<typeof ResourceService> {
  const definitionMessage = async ({ definition }: Target): Promise<ResourceMessage> => {
    const resource = await state.resource(ResourceDefinition, definitionId(definition));
    if (!resource) throw notRegistered("resource", definition.type);
    return resourceMessage(ResourceDefinition, resource);
  };
  return {
    async get(request) {
      const target = targetOf(catalog, request);
      const definition = await definitionMessage(target);
      const resource = await state.resource(target.kind, request.id);
      if (!resource) throw missing(target.kind, request.id);
      return { messages: [{ definition, resource: resourceMessage(target.definition, resource) }] };
    },
    async *list(request) {
      const target = targetOf(catalog, request);
      yield { definition: await definitionMessage(target) };
      for (const resource of await state.list(target.kind)) {
        yield { resource: resourceMessage(target.definition, resource) };
      }
    },
    async *watch(request, { signal }) {
      const target = targetOf(catalog, request);
      yield { definition: await definitionMessage(target) };
      const options = request.id === "" ? { signal } : { id: request.id, signal };
      try {
        for await (const { type, resource } of state.watch(target.kind, options)) {
          const message = resourceMessage(target.definition, resource);
          yield { eventType: EVENT_TYPES[type], resource: message };
        }
      } catch (error) {
        if (!isFault(error, "overrun")) throw error;
        throw new ConnectError((error as Error).message, Code.DataLoss);
      }
    },
  };
}

function targetOf(catalog: Catalog, request: { type: string; namespace: string }): Target {
  const found = catalog.resolve(request.type);
  if (found.kind === "unknown") throw notRegistered("resource", request.type);
  if (found.kind === "ambiguous") {
    throw new ConnectError(
      `resource type ${JSON.stringify(request.type)} is ambiguous: [${found.types.join(" ")}]`,
      Code.InvalidArgument,
    );
  }
  const { definition } = found;
  const namespace = request.namespace === "" ? definition.namespace : request.namespace;
  if (!catalog.hasNamespace(namespace)) throw notRegistered("namespace", namespace);
  return { definition, kind: { type: definition.type, namespace } };
}

function notRegistered(what: string, name: string): ConnectError {
  return new ConnectError(`${what} ${JSON.stringify(name)} is not registered`, Code.NotFound);
}

function missing({ type, namespace }: Kind, id: string): ConnectError {
  return new ConnectError(
    `resource ${type}(${namespace}/${id}@undefined) doesn't exist`,
    Code.NotFound,
  );
}

function resourceMessage(definition: Definition, resource: Resource): ResourceMessage {
  const { namespace, type, id, version, phase, finalizers } = resource.metadata;
  return {
    metadata: {
      namespace,
      type,
      id,
      version: isTombstone(resource) ? "undefined" : String(version),
      phase,
      finalizers: [...finalizers],
    },
    spec: { yaml: new TextEncoder().encode(specYaml(definition, resource.spec)) },
  };
}
