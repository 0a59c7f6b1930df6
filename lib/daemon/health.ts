import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type Health,
  HealthCheck_ServingStatus as Serving,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  ReadyCheck_ReadyStatus as Readiness,
} from "$proto/health/health_pb.ts";

const DEFAULT_INTERVAL_SECONDS = 5;
const MAX_INTERVAL_SECONDS = 3600;

/** What a component says of itself: ready once its first work is done, serving while it can work. */
export class HealthState {
  /** Whether the first pass is done; it stays so. */
  ready = false;
  /** Whether the component can do its work now. */
  serving = true;
}

/** health.Health over what `state` says at the moment of the call. */
export function healthApi(state: Readonly<HealthState>): ServiceImpl<typeof Health> {
  return {
    check: () => checkOf(state),
    ready: () => ({
      messages: [{ status: state.ready ? Readiness.READY : Readiness.NOT_READY }],
    }),
    async *watch({ intervalSeconds }, { signal }) {
      const periodMs = intervalMs(intervalSeconds);
      while (!signal.aborted) {
        yield checkOf(state);
        await pause(periodMs, signal);
      }
    },
  };
}

function checkOf({ serving }: Readonly<HealthState>): HealthCheckResponse {
  const status = serving ? Serving.SERVING : Serving.NOT_SERVING;
  return create(HealthCheckResponseSchema, { messages: [{ status }] });
}

function intervalMs(seconds: bigint): number {
  const asked = seconds > 0n ? Number(seconds) : DEFAULT_INTERVAL_SECONDS;
  return Math.min(asked, MAX_INTERVAL_SECONDS) * 1_000;
}

/** Ends early, without a throw, when the call is over. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
