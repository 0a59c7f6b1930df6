/**
 * Sends a server calls that no proper client makes, and says how each ended. What is sent depends on
 * the seed and the number of the case alone, so a case that failed can be sent again by itself.
 *
 * From the command line, with credentials in PEM files:
 * `deno run -A tests/conformance/garble.ts --host 127.0.0.1 --ca ca.crt --crt me.crt --key me.key`
 *
 * @module
 */
import { parseArgs } from "node:util";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import { MESSAGE_LIMIT_BYTES } from "$lib/rpc/mod.ts";
import { tlsKey } from "$lib/pki/mod.ts";
import { frame } from "./garble_bytes.ts";
import { badCall } from "./garble_calls.ts";
import { type Ending, GarbleClient, type GarbleTarget } from "./garble_client.ts";
import { badConnection } from "./garble_connections.ts";
import { Random } from "./garble_random.ts";

/** What to send, to whom. */
export interface GarbleOptions {
  readonly target: GarbleTarget;
  readonly count: number;
  readonly seed: number;
  /** Calls in flight at once; 8 when absent. */
  readonly clients?: number;
  /** After this long without an end a call counts as hung; 10 s when absent. */
  readonly deadlineMs?: number;
  /** `/service/Method` to call; those that do not change the node when absent. */
  readonly paths?: readonly [string, ...string[]];
  /** The server's limit for one message; ours when absent. */
  readonly limitBytes?: number;
  /** One good call after this many cases; 25 when absent. */
  readonly goodEach?: number;
  /** Kinds of calls that are left out. */
  readonly without?: readonly string[];
  readonly onProgress?: (done: number) => void;
}

/** How it went. */
export interface GarbleReport {
  readonly sent: number;
  /** How many ended how, by kind of case: `cut short: grpc 3`. */
  readonly endings: ReadonlyMap<string, number>;
  /** What no server may do, the first hundred: a case's number, kind and what happened. */
  readonly faults: readonly string[];
  /** Good calls made in between, and those of them that did not get OK. */
  readonly good: { readonly sent: number; readonly failed: number };
}

/** Methods that change or end a node, whatever bytes they are called with. */
const DESTRUCTIVE = new Set(
  ("ApplyConfiguration Bootstrap EtcdForfeitLeadership EtcdLeaveCluster Reboot Reset Rollback " +
    "Shutdown Upgrade RemoveBootkubeInitializedKey").split(" "),
);

/** Every method of the API that a garbled call cannot do harm with. */
export const HARMLESS_PATHS: readonly string[] = [MachineService, NetworkService, TimeService]
  .flatMap(({ typeName, methods }) =>
    methods.filter(({ name }) => !DESTRUCTIVE.has(name)).map(({ name }) => `/${typeName}/${name}`)
  );

const VERSION = "/machine.MachineService/Version";
const MAX_FAULTS = 100;
/** One case in this many is a connection; a TLS handshake costs as much as many calls. */
const CONNECTION_EACH = 20;
/** One good call after this many cases, unless told. */
const GOOD_EACH = 25;

/** Sends `count` bad cases and good calls between them; ends when all ended. */
export async function garble(options: GarbleOptions): Promise<GarbleReport> {
  const endings = new Map<string, number>();
  const faults: string[] = [];
  const good = { sent: 0, failed: 0 };
  let next = 0;
  const fault = (text: string): void => {
    if (faults.length < MAX_FAULTS) faults.push(text);
  };
  const work = async (): Promise<void> => {
    const client = new GarbleClient(options.target, options.deadlineMs ?? 10_000);
    for (let index = next++; index < options.count; index = next++) {
      const { kind, ending, wrong } = await one(client, options, index);
      const key = `${kind}: ${ending.how}`;
      endings.set(key, (endings.get(key) ?? 0) + 1);
      if (wrong) fault(`case ${index} (${kind}): ${wrong}`);
      if (index % (options.goodEach ?? GOOD_EACH) === 0) {
        const { how, message } = await client.call(goodCall);
        good.sent++;
        if (how !== "grpc 0") {
          good.failed++;
          fault(`good call after case ${index} (${kind}): ${how} ${message}`);
        }
      }
      if (index % 1_000 === 0) options.onProgress?.(index);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: options.clients ?? 8 }, work));
  return { sent: options.count, endings, faults, good };
}

const goodCall = {
  headers: {
    ":method": "POST",
    ":path": VERSION,
    "content-type": "application/grpc",
    "te": "trailers",
  },
  body: frame(new Uint8Array(0)),
};

async function one(
  client: GarbleClient,
  options: GarbleOptions,
  index: number,
): Promise<{ kind: string; ending: Ending; wrong: string | undefined }> {
  const random = new Random(options.seed, index);
  if (index % CONNECTION_EACH === CONNECTION_EACH - 1) {
    const bad = badConnection(random);
    return { kind: bad.kind, ending: await client.connection(bad), wrong: undefined };
  }
  const paths = options.paths ?? HARMLESS_PATHS;
  const path = paths[random.int(0, paths.length)] ?? VERSION;
  const limitBytes = options.limitBytes ?? MESSAGE_LIMIT_BYTES;
  const { without = [] } = options;
  const bad = badCall({ random, path, limitBytes, without });
  const ending = await client.call(bad);
  const wrong = faultOf(ending, bad.mustFail === true, path);
  return { kind: bad.kind, ending, wrong };
}

/** What is wrong with an ending, if anything. */
export function faultOf(ending: Ending, mustFail: boolean, path: string): string | undefined {
  const { how, message, data } = ending;
  if (how === "no connection") return `${path} could not be called: ${message}`;
  // A stream that was asked for properly may go on for ever.
  if (how === "timeout") return data ? undefined : `${path} gave no answer`;
  if (mustFail && how === "grpc 0") return `${path} took it and answered OK`;
  if (/\n\s+at |\(?(file|node|ext|npm):\S+:\d+:\d+|\.[jt]s:\d+/.test(message)) {
    return `${path} answered with a stack: ${message.slice(0, 200)}`;
  }
  return undefined;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "50000" },
      ca: { type: "string" },
      crt: { type: "string" },
      key: { type: "string" },
      count: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      clients: { type: "string", default: "8" },
    },
  });
  const pem = (name: "ca" | "crt" | "key"): Promise<string> =>
    Deno.readTextFile(values[name] ?? name);
  const report = await garble({
    target: {
      host: values.host,
      port: Number(values.port),
      ca: await pem("ca"),
      crt: await pem("crt"),
      key: tlsKey(await pem("key")),
    },
    count: Number(values.count),
    seed: Number(values.seed),
    clients: Number(values.clients),
  });
  const text = JSON.stringify({ ...report, endings: Object.fromEntries(report.endings) });
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
  Deno.exitCode = report.faults.length ? 1 : 0;
}
