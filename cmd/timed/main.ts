import { parseArgs } from "node:util";
import { clockState, clockTime, markSynchronized, slewClock, stepClock } from "$ffi/clock.ts";
import { isSyscallError } from "$ffi/errno.ts";
import { setHardwareClock } from "$ffi/rtc.ts";
import {
  healthApi,
  healthLineSocket,
  HealthState,
  jsonLines,
  serveConnect,
  serveHealthLine,
} from "$lib/daemon/mod.ts";
import { SOCKETS } from "$lib/paths/mod.ts";
import { Health } from "$proto/health/health_pb.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import { DEFAULT_SERVER, readSettings } from "./settings.ts";
import { addressesOf, queryAddress, querySntp } from "./sntp.ts";
import { type Clock, Timed } from "./timed.ts";
import { timeApi } from "./time_api.ts";

const QUERY_DEADLINE_MS = 5_000;
const NTP_PORT = 123;

/** Runs timed until its stdin ends: settings in, a right clock out. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      socket: { type: "string", default: SOCKETS.timed },
      "start-server": { type: "string", default: DEFAULT_SERVER },
      "ntp-port": { type: "string", default: String(NTP_PORT) },
      rtc: { type: "string", default: "/dev/rtc0" },
    },
  });
  // ffi stays: reading why a call failed needs it.
  for (const name of ["run", "sys"] as const) await Deno.permissions.revoke({ name });
  const port = Number(values["ntp-port"]);
  const options = (signal: AbortSignal) => (
    { deadlineMs: QUERY_DEADLINE_MS, nowNs: realtime, port, signal }
  );
  const health = new HealthState();
  const timed = new Timed({
    clock: systemClock(values.rtc),
    nowNs: realtime,
    monotonicNs: () => clockTime("MONOTONIC"),
    resolve: (server, signal) => addressesOf(server, options(signal)),
    query: (server, address, signal) => queryAddress(server, address, options(signal)),
    log,
    startServer: values["start-server"],
    random: Math.random,
    onReady() {
      health.ready = true;
    },
  });
  const server = await serveConnect(values.socket, (router) => {
    router.service(
      TimeService,
      timeApi({
        server: () => timed.server,
        query: (server, signal) => querySntp(server, options(signal)),
      }),
    );
    router.service(Health, healthApi(health));
  });
  const line = await serveHealthLine(healthLineSocket(values.socket), health);
  for await (const settings of jsonLines(Deno.stdin.readable, readSettings, log)) {
    timed.configure(settings);
  }
  await timed.close();
  await line.close();
  await server.close();
}

function realtime(): bigint {
  return clockTime("REALTIME");
}

function systemClock(rtc: string): Clock {
  return {
    step: stepClock,
    slew: (offsetNs) => slewClock(offsetNs),
    slewLeftNs: () => BigInt(clockState().offsetNs),
    markSynchronized,
    keepInHardware() {
      try {
        setHardwareClock(new Date(Number(realtime() / 1_000_000n)), rtc);
      } catch (error) {
        // Many virtual machines have none.
        if (!isSyscallError(error, "ENOENT", "ENODEV", "ENXIO")) throw error;
      }
    },
  };
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
