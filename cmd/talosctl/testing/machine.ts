import type { ServiceImpl } from "@connectrpc/connect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { addressed } from "./cluster.ts";

/** A node that is addressed but down, in every test cluster. */
export const DEAD_NODE = "10.0.0.9";

/** The metadata of each answer to a request, as apid fills it when nodes are addressed. */
function answers<T extends object>(
  headers: Headers,
  message: T,
): (T | { metadata: { hostname: string; error?: string } })[] {
  const nodes = addressed(headers);
  if (nodes.length === 0) return [message];
  return nodes.map((hostname) =>
    hostname === DEAD_NODE
      ? { metadata: { hostname, error: "rpc error: code = Unavailable desc = no route to host" } }
      : { ...message, metadata: { hostname } }
  );
}

const SECOND_MS = 1_000;

/** Answers that never change, but for times, which are counted back from now. */
export const machine: Partial<ServiceImpl<typeof MachineService>> = {
  version: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      version: {
        tag: "v0.1.0",
        sha: "abc1234",
        built: "2026-01-02T03:04:05Z",
        goVersion: "deno2.9.6 (portable)",
        os: "linux",
        arch: "amd64",
      },
    }),
  }),
  memory: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      meminfo: {
        memtotal: 7938n * 1024n,
        memfree: 4071n * 1024n,
        cached: 2945n * 1024n,
        buffers: 49n * 1024n,
        shmem: 137n * 1024n,
        memavailable: 7042n * 1024n,
      },
    }),
  }),
  serviceList: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      services: [
        {
          id: "apid",
          state: "Running",
          health: { healthy: true },
          events: {
            events: [
              { msg: "Starting service", state: "Preparing", ts: ago(90 * SECOND_MS) },
              { msg: "Health check successful", state: "Running", ts: ago(61 * SECOND_MS) },
            ],
          },
        },
        { id: "timed", state: "Waiting", health: { unknown: true }, events: { events: [] } },
        {
          id: "udevd",
          state: "Running",
          health: { lastMessage: "settle timed out" },
          events: { events: [{ msg: "Unhealthy", state: "Running", ts: ago(2 * SECOND_MS) }] },
        },
      ],
    }),
  }),
  serviceRestart: ({ id }, { requestHeader }) => ({
    messages: answers(requestHeader, { resp: `Service "${id}" restarted` }),
  }),
};

function ago(ms: number): ReturnType<typeof timestampFromMs> {
  return timestampFromMs(Date.now() - ms);
}
