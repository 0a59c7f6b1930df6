/**
 * Services of a node: their states, health and order, the processes behind them, their logs in
 * memory and the events they make.
 *
 * ```ts
 * import { inProcess, ServiceManager } from "$lib/service/mod.ts";
 *
 * const manager = new ServiceManager();
 * manager.load({
 *   id: "clock",
 *   run: inProcess((signal) => new Promise((done) => signal.addEventListener("abort", () => done()))),
 * });
 * manager.start();
 * await manager.waitUp(["clock"], { timeoutMs: 1_000 });
 * await manager.stop();
 * ```
 *
 * @module
 */
export { type Clock, systemClock } from "$lib/clock/mod.ts";
export {
  EVENT_TYPE_PREFIX,
  type EventPosition,
  EventRing,
  type EventSchema,
  OverrunError,
  type RingEvent,
} from "./event_ring.ts";
export { HEALTH_DEFAULTS, messageOf } from "./health.ts";
export { Latest } from "./latest.ts";
export { textLines } from "./lines.ts";
export { LOG_BUFFER_SIZES, LogBuffer, type LogBufferSizes, MAX_LINE_BYTES } from "./log_buffer.ts";
export { LogStore, type LogStoreOptions } from "./log_store.ts";
export { ServiceManager, type ServiceManagerOptions } from "./manager.ts";
export {
  describeEnd,
  type LaunchedProcess,
  type ProcessLauncher,
  processRunner,
  type ProcessRunnerOptions,
  type ProcessStatus,
} from "./process_runner.ts";
export {
  MAX_STATE_EVENTS,
  type ServiceHealth,
  type ServiceStatus,
  stateAction,
  type StateEvent,
} from "./record.ts";
export {
  inProcess,
  type RunReport,
  type Service,
  SERVICE_STATES,
  type ServiceCondition,
  type ServiceHealthCheck,
  type ServiceState,
  SkipService,
} from "./service.ts";
export { isXid, XidSource } from "./xid.ts";
