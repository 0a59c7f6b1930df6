import { formatDuration } from "$lib/cli/mod.ts";
import { MachineService, type ServiceInfo } from "$proto/machine/machine_pb.ts";
import type { Answer, Client } from "../client/client.ts";
import { agoMs } from "../output/time.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";
import { serviceIds } from "./_service_ids.ts";

const ACTIONS = ["start", "stop", "restart", "status"] as const;

/** `talosctl service` */
export const serviceCommand = tableCommand({
  summary: "Retrieve the state of a service (or all services), control service state",
  description:
    `Service control command. If run without arguments, lists all the services and their state.
If service ID is specified, default action 'status' is executed which shows status of a single list service.
With actions 'start', 'stop', 'restart', service state is updated respectively.`,
  args: { usage: "[<id> [start|stop|restart|status]]", min: 0, max: 2 },
  async run(_flags, session: Session, [id, action = "status"]) {
    const client = await session.client();
    if (id === undefined) return await list(client, session);
    switch (action) {
      case "status":
        return await status(client, session, id);
      case "start":
      case "stop":
      case "restart":
        return await act(client, session, action, id);
      default:
        throw new Error(`unsupported service action: "${action}"`);
    }
  },
  async complete(session, args) {
    if (args.length > 0) return ACTIONS.map((value) => ({ value }));
    return await serviceIds(session);
  },
});

async function list(client: Client, session: Session): Promise<void> {
  const answers = await client.unary(MachineService.method.serviceList, {});
  const now = Date.now();
  const header = ["NODE", "SERVICE", "STATE", "HEALTH", "LAST CHANGE", "LAST EVENT"];
  const rows = nodeRows(answers, ({ services }) => services.map((s) => serviceRow(s, now)));
  session.out.table([header, ...rows]);
}

async function status(client: Client, session: Session, id: string): Promise<void> {
  const answers = await client.unary(MachineService.method.serviceList, {});
  const now = Date.now();
  let found = 0;
  for (const { node, message } of answers) {
    for (const service of message.services.filter((s) => s.id === id)) {
      session.out.record([["NODE", node], ...statusRows(service, now)]);
      found++;
    }
  }
  if (found === 0 && client.failures.length === 0) {
    throw new Error(`service "${id}" is not registered on any nodes`);
  }
}

async function act(
  client: Client,
  session: Session,
  action: "start" | "stop" | "restart",
  id: string,
): Promise<void> {
  const { serviceStart, serviceStop, serviceRestart } = MachineService.method;
  const calls = {
    start: () => client.unary(serviceStart, { id }),
    stop: () => client.unary(serviceStop, { id }),
    restart: () => client.unary(serviceRestart, { id }),
  };
  const answers: Answer<{ readonly resp: string }>[] = await calls[action]();
  session.out.table([["NODE", "RESPONSE"], ...nodeRows(answers, ({ resp }) => [[resp]])]);
}

/** One service as a row of the list, without the node. */
export function serviceRow(service: ServiceInfo, now: number): string[] {
  const last = service.events?.events.at(-1);
  const change = last ? `${formatDuration(agoMs(last.ts, now))} ago` : "";
  return [service.id, service.state, healthWord(service), change, last?.msg ?? "<none>"];
}

/** One service as the rows of `service <id>`, without the node. */
export function statusRows(service: ServiceInfo, now: number): string[][] {
  const rows = [["ID", service.id], ["STATE", service.state], ["HEALTH", healthWord(service)]];
  if (service.health?.lastMessage) rows.push(["LAST HEALTH MESSAGE", service.health.lastMessage]);
  const events = (service.events?.events ?? []).toReversed();
  for (const [index, { state, msg, ts }] of events.entries()) {
    const text = `[${state}]: ${msg} (${formatDuration(agoMs(ts, now))} ago)`;
    rows.push([index === 0 ? "EVENTS" : "", text]);
  }
  return rows;
}

function healthWord({ health }: ServiceInfo): "OK" | "Fail" | "?" {
  if (!health || health.unknown) return "?";
  return health.healthy ? "OK" : "Fail";
}
