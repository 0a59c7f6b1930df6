import type { Candidate } from "$lib/cli/mod.ts";
import { type Resource, ResourceService } from "$proto/resource/resource_pb.ts";
import type { Session } from "../session.ts";

/** A tab key does not wait longer than this for a node. */
const COMPLETION_MS = 2_000;

/** The types a cluster knows, by the first of their aliases. */
export async function typeNames(session: Session): Promise<Candidate[]> {
  const resources = await listAll(session, "resourcedefinitions");
  const { parse } = await import("yaml");
  return resources.map(({ metadata, spec }) => {
    const { aliases, displayType } = parse(new TextDecoder().decode(spec?.yaml)) as {
      aliases?: string[];
      displayType?: string;
    };
    return { value: aliases?.[0] ?? metadata?.id ?? "", summary: displayType ?? "" };
  });
}

/** The ids of the resources of a type on the nodes in reach. */
export async function resourceIds(session: Session, type: string): Promise<Candidate[]> {
  const resources = await listAll(session, type);
  return [...new Set(resources.map(({ metadata }) => metadata?.id ?? ""))].map((value) => ({
    value,
  }));
}

async function listAll(session: Session, type: string): Promise<Resource[]> {
  const client = await session.client();
  const found: Resource[] = [];
  const stream = client.stream(ResourceService.method.list, { type }, {
    timeoutMs: COMPLETION_MS,
  });
  for await (const { message } of stream) if (message.resource) found.push(message.resource);
  return found;
}

/** What `edit` and `patch` may change: the machine configuration, then its ids. */
export async function changeableNames(
  session: Session,
  args: readonly string[],
): Promise<Candidate[]> {
  if (args.length === 0) return [{ value: "machineconfig" }];
  return args.length === 1 ? await resourceIds(session, args[0] ?? "") : [];
}
