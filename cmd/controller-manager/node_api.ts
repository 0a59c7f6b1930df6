/** The API of one node, as far as its upgrade needs it. */
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { serviceState } from "$lib/health/mod.ts";
import { NODE_UPGRADE, UpgradeStatus } from "$lib/resources/mod.ts";
import { type Identity, type SessionTransport, tlsTransport } from "$lib/rpc/mod.ts";
import { textLines } from "$lib/service/mod.ts";
import { BOOT_ID_FILE, type Sight, sightOf } from "$lib/upgrade/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import type { Answer } from "./progress.ts";

/** How long an answer may take, milliseconds. */
const ANSWER_MS = 10_000;
const DIAL_MS = 5_000;

/** What is asked of a node. */
export interface NodeApi {
  /** @throws {Error} when it does not answer, or has nothing to be upgraded */
  look(signal: AbortSignal): Promise<Sight>;
  /** Which service is not well; undefined when all are. @throws {Error} */
  unwell(signal: AbortSignal): Promise<string | undefined>;
  /** Asks for an upgrade; the node pulls the image before it answers. */
  upgrade(
    request: { readonly image: string; readonly preserve: boolean },
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Answer>;
  /** Lines of machined's log until the node or `signal` ends it; with `fromStart` also those of this boot so far. */
  logs(fromStart: boolean, signal: AbortSignal): AsyncIterable<string>;
  close(): void;
}

/** Calls the API of a node directly, over one connection that is dialed anew when it breaks. */
export class TalosNode implements NodeApi {
  readonly #transport: SessionTransport;

  constructor(target: Identity & { readonly host: string; readonly port: number }) {
    this.#transport = tlsTransport({ ...target, dialMs: DIAL_MS, timeoutMs: ANSWER_MS });
  }

  async look(signal: AbortSignal): Promise<Sight> {
    const { type, namespace } = UpgradeStatus;
    const resources = createClient(ResourceService, this.#transport);
    const { messages } = await told(() =>
      resources.get({ type, namespace, id: NODE_UPGRADE }, { signal })
    );
    const file = this.#machine.read({ path: BOOT_ID_FILE }, { signal, timeoutMs: ANSWER_MS });
    const bootId = await told(async () => {
      let text = "";
      for await (const { bytes } of file) text += new TextDecoder().decode(bytes);
      return text;
    });
    return sightOf(messages.find(({ resource }) => resource)?.resource?.spec?.yaml, bootId);
  }

  async unwell(signal: AbortSignal): Promise<string | undefined> {
    const { messages } = await told(() => this.#machine.serviceList({}, { signal }));
    const services = messages.flatMap((message) => message.services.map(serviceState));
    const ill = services.find(({ healthy }) => healthy === false);
    return ill && `service "${ill.id}" is not healthy: ${ill.message}`;
  }

  async upgrade(
    request: { readonly image: string; readonly preserve: boolean },
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Answer> {
    try {
      const { messages } = await this.#machine.upgrade(request, options);
      return { kind: "accepted", message: messages[0]?.ack ?? "" };
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      return { kind: REFUSALS.has(code) ? "refused" : "unclear", message: rawMessage };
    }
  }

  async *logs(fromStart: boolean, signal: AbortSignal): AsyncGenerator<string> {
    const request = {
      ...{ namespace: "system", id: "machined", follow: true },
      tailLines: fromStart ? -1 : 0,
    };
    const messages = this.#machine.logs(request, { signal });
    try {
      yield* textLines(ReadableStream.from((async function* () {
        for await (const { bytes } of messages) yield bytes;
      })()));
    } catch (error) {
      throw sentence(error);
    }
  }

  close(): void {
    this.#transport.close();
  }

  get #machine() {
    return createClient(MachineService, this.#transport);
  }
}

/** Answers that say that the node did not begin. */
const REFUSALS: ReadonlySet<Code> = new Set([
  ...[Code.InvalidArgument, Code.NotFound, Code.AlreadyExists, Code.FailedPrecondition],
  ...[Code.PermissionDenied, Code.Unauthenticated, Code.Unimplemented, Code.OutOfRange],
]);

/** What `call` gives; what a node says against it is an error with that sentence. */
async function told<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw sentence(error);
  }
}

/** What a node says, without the name of its code, and the same each time. */
function sentence(error: unknown): Error {
  const text = ConnectError.from(error).rawMessage.replace(/ within [\d.]+ ms/, " in time");
  return new Error(text, { cause: error });
}
