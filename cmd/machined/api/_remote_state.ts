import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { parse } from "yaml";
import {
  type Kind,
  type Resource,
  type ResourceEvent,
  StateError,
  type StateReader,
  type WatchOptions,
} from "$lib/cosi/mod.ts";
import {
  EventType,
  type Resource as Message,
  type ResourceService,
} from "$proto/resource/resource_pb.ts";

/** The state of a node as its API shows it. */
export function remoteState(client: Client<typeof ResourceService>): StateReader {
  return {
    async resource<Spec>({ namespace, type }: Kind<Spec>, id: string) {
      try {
        const { messages } = await client.get({ namespace, type, id });
        return messages[0]?.resource && fromMessage<Spec>(messages[0].resource);
      } catch (error) {
        if (error instanceof ConnectError && error.code === Code.NotFound) return undefined;
        throw error;
      }
    },
    async list<Spec>({ namespace, type }: Kind<Spec>) {
      const found: Resource<Spec>[] = [];
      for await (const { resource } of client.list({ namespace, type })) {
        if (resource) found.push(fromMessage(resource));
      }
      return found;
    },
    async *watch<Spec>(
      { namespace, type }: Kind<Spec>,
      { id = "", signal }: WatchOptions = {},
    ): AsyncGenerator<ResourceEvent<Spec>, void> {
      try {
        const stream = client.watch({ namespace, type, id }, signal ? { signal } : {});
        for await (const { resource, eventType } of stream) {
          if (resource) yield { type: EVENT_NAMES[eventType], resource: fromMessage(resource) };
        }
      } catch (error) {
        if (signal?.aborted) return;
        if (!(error instanceof ConnectError) || error.code !== Code.DataLoss) throw error;
        throw new StateError("overrun", error.rawMessage);
      }
    },
  };
}

const EVENT_NAMES = {
  [EventType.CREATED]: "created",
  [EventType.UPDATED]: "updated",
  [EventType.DESTROYED]: "destroyed",
} as const;

function fromMessage<Spec>({ metadata, spec }: Message): Resource<Spec> {
  const { namespace = "", type = "", id = "", version = "", finalizers = [] } = metadata ?? {};
  return {
    metadata: {
      namespace,
      type,
      id,
      version: version === "undefined" ? 0 : Number(version),
      owner: "",
      phase: metadata?.phase === "tearingDown" ? "tearingDown" : "running",
      finalizers,
      createdMs: 0,
      updatedMs: 0,
    },
    spec: parse(new TextDecoder().decode(spec?.yaml)) as Spec,
  };
}
