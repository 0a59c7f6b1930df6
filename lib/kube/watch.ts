import type { SecureHttp } from "$lib/secure_http/mod.ts";
import { KubeError, refusing } from "./error.ts";
import type { KubeObject } from "./objects.ts";
import { objectPath, query, type ResourceType } from "./paths.ts";

/** A change of an object. */
export interface KubeEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

/** What is watched. */
export interface WatchOptions {
  readonly signal: AbortSignal;
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Changes after this one; unless told, what is there comes first as `ADDED`. */
  readonly resourceVersion?: string;
}

/** The API server ends a watch after this many seconds; the caller starts another. */
const WATCH_SECONDS = 300;
/** A watch that is silent for longer than the API server lets it live has lost its connection. */
const IDLE_MS = (WATCH_SECONDS + 30) * 1000;

/** Events of a type until `signal` fires or the API server ends the watch. @throws {KubeError} */
export async function* watchObjects(
  http: Pick<SecureHttp, "lines">,
  type: ResourceType,
  options: WatchOptions,
): AsyncGenerator<KubeEvent, void> {
  const { signal, namespace, ...selectors } = options;
  const path = objectPath(type, namespace === undefined ? {} : { namespace });
  const parameters = query({ watch: "true", timeoutSeconds: String(WATCH_SECONDS), ...selectors });
  const lines = http.lines("GET", path + parameters, { signal, idleMs: IDLE_MS });
  while (!signal.aborted) {
    const { value, done } = await refusing(`watch ${path}`, () => lines.next());
    if (done) return;
    const event = JSON.parse(value) as { type: string; object: KubeObject };
    if (event.type === "ERROR") throw faultOf(path, event.object);
    if (event.type !== "BOOKMARK") yield event as KubeEvent;
  }
}

function faultOf(path: string, { code, reason, message }: KubeObject): KubeError {
  return new KubeError(Number(code), String(reason), `Cannot watch ${path}: ${message}`);
}
