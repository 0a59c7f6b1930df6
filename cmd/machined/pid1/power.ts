/** Requests to reboot or shut down: from the API, from signals, from the power button. */

/** What the machine is asked to do. */
export type PowerAction = "reboot" | "shutdown";

/** One request and where it came from. */
export interface PowerRequest {
  readonly action: PowerAction;
  /** Who asked, e.g. `API`, `SIGTERM`, `power button`. */
  readonly origin: string;
}

/** Holds the first request; later ones while it is carried out are of no use and are dropped. */
export class PowerRequests {
  readonly #first = Promise.withResolvers<PowerRequest>();
  #asked = false;

  /** Asks for `action`. */
  request(action: PowerAction, origin: string): void {
    this.#asked = true;
    this.#first.resolve({ action, origin });
  }

  /** Whether a request was made. */
  get asked(): boolean {
    return this.#asked;
  }

  /** The first request, once there is one. */
  next(): Promise<PowerRequest> {
    return this.#first.promise;
  }
}

/** What each signal to PID 1 means; a signal that is not listed does nothing. */
const SIGNAL_ACTIONS: Partial<Record<Deno.Signal, PowerAction>> = {
  SIGTERM: "shutdown",
  SIGPWR: "shutdown",
  // The kernel sends it for Ctrl-Alt-Del once CAD_OFF is set.
  SIGINT: "reboot",
};

/** Signals that end a process by default and must not do so here. */
const IGNORED_SIGNALS: readonly Deno.Signal[] = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"];

/** Turns signals into requests; the rest of the listed ones are logged and ignored. */
export function listenForSignals(
  requests: PowerRequests,
  deps: { log: (line: string) => void; addSignalListener: typeof Deno.addSignalListener },
): void {
  for (const [signal, action] of Object.entries(SIGNAL_ACTIONS)) {
    deps.addSignalListener(signal as Deno.Signal, () => {
      deps.log(`${signal} received: ${action}`);
      requests.request(action, signal);
    });
  }
  for (const signal of IGNORED_SIGNALS) {
    deps.addSignalListener(signal, () => deps.log(`${signal} received: ignored`));
  }
}
