import { tabulate } from "$lib/cli/mod.ts";
import { ContainerDriver } from "$proto/common/common_pb.ts";
import { type ContainerInfo, MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "./client/client.ts";
import { reasonOf } from "./client/rpc_error.ts";
import { serviceRow } from "./commands/service.ts";
import { NodesError } from "./errors.ts";

/** How long one part of a dump may take: what hangs must not keep the rest back. */
const LIMIT = { timeoutMs: 30_000 };
/** Lines of each log. */
const LOG_LINES = 2_000;

const SYSTEM = { namespace: "system", driver: ContainerDriver.CONTAINERD };
const KUBERNETES = { namespace: "k8s.io", driver: ContainerDriver.CRI };

/**
 * All there is to say about one node, piece by piece: release, services, kernel log, the logs of
 * services and of containers. A part that is not to be had is told as such.
 */
export async function* crashDump(client: Client, node: string): AsyncGenerator<string> {
  const { version, serviceList, containers } = MachineService.method;
  yield `\n${node}\n${"=".repeat(node.length)}\n`;
  const ids: string[] = [];
  yield* part("version", async function* () {
    for (const { message } of await client.unary(version, {}, LIMIT)) {
      yield `${message.version?.tag ?? "unknown"}\n`;
    }
  });
  yield* part("services", async function* () {
    const answers = await client.unary(serviceList, {}, LIMIT);
    const services = answers.flatMap(({ message }) => message.services);
    ids.push(...services.map(({ id }) => id));
    yield tabulate(services.map((service) => serviceRow(service, Date.now())));
  });
  yield* part(
    "dmesg",
    () => textOf(client, (asked) => asked.stream(MachineService.method.dmesg, {}, LIMIT)),
  );
  for (const id of ids) {
    yield* part(id, () => logOf(client, { ...SYSTEM, id }));
  }
  const found: ContainerInfo[] = [];
  yield* part("containers", async function* () {
    const answers = await client.unary(containers, KUBERNETES, LIMIT);
    found.push(...answers.flatMap(({ message }) => message.containers));
    yield tabulate(found.map(({ id, image, pid, status }) => [id, image, String(pid), status]));
  });
  for (const { id, podId } of found) {
    // A sandbox has no log.
    if (id !== podId) yield* part(id, () => logOf(client, { ...KUBERNETES, id }));
  }
}

/** A part under its title; the reason in its place when it cannot be had. */
async function* part(title: string, texts: () => AsyncIterable<string>): AsyncGenerator<string> {
  yield `\n> ${title}\n${"-".repeat(title.length + 2)}\n\n`;
  try {
    yield* texts();
  } catch (error) {
    const [failure] = error instanceof NodesError ? error.failures : [];
    yield `(not to be had: ${failure?.reason ?? reasonOf(error)})\n`;
  }
}

type LogSource = typeof SYSTEM & { readonly id: string };

function logOf(client: Client, source: LogSource): AsyncIterable<string> {
  const request = { ...source, tailLines: LOG_LINES };
  return textOf(client, (asked) => asked.stream(MachineService.method.logs, request, LIMIT));
}

async function* textOf(
  client: Client,
  ask: (client: Client) => AsyncIterable<{ readonly message: { readonly bytes: Uint8Array } }>,
): AsyncGenerator<string> {
  // The failures of a part are told in its place.
  const asked = client.endedBy(client.signal);
  const decoder = new TextDecoder();
  let last = "\n";
  for await (const { message } of ask(asked)) {
    const text = decoder.decode(message.bytes, { stream: true });
    if (text !== "") yield last = text;
  }
  if (!last.endsWith("\n")) yield "\n";
  if (asked.failures.length > 0) throw new NodesError(asked.failures);
}
