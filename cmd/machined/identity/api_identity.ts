/** The certificate of the node's API: issued from `machine.ca`, renewed at half its life. */
import {
  hoursMs,
  inspectCertificate,
  issueServerLeaf,
  type PemPair,
  renewAt,
  sans,
  selfSignedServer,
} from "$lib/pki/mod.ts";
import { type Clock, Latest } from "$lib/service/mod.ts";

/** What apid presents and trusts. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What apid shows: the node's API, or that of maintenance mode until there is an identity; null ends that. */
export type ApiFace =
  | { readonly identity: Identity }
  | { readonly maintenance: Identity | null };

/** What a certificate is made from; a change of any of it asks for a new one. */
export interface IdentityInputs {
  readonly ca: PemPair;
  /** Names and addresses that the node answers to, its own and those of `machine.certSANs`. */
  readonly names: readonly string[];
}

/** How long a certificate of the API holds, milliseconds. */
export const API_CERTIFICATE_LIFETIME_MS = 24 * 3_600_000;
/** Long enough for a node that waits on a shelf: nobody checks it, callers compare the fingerprint. */
const MAINTENANCE_LIFETIME_MS = hoursMs(24 * 365);
/** How often names, addresses and the clock are looked at, milliseconds. */
const CHECK_PERIOD_MS = 5_000;

/** Keeps `current` fresh: readers take the newest value and watch for the next. */
export class ApiIdentity {
  readonly current = new Latest<ApiFace>();
  readonly #deps: {
    readonly inputs: () => IdentityInputs | undefined;
    readonly clock: Clock;
    readonly lifetimeMs: number;
    readonly log: (line: string) => void;
  };
  #fingerprint: string | undefined;
  #issuedFor = "";
  #renewAtMs = 0;
  #notBeforeMs = 0;

  constructor(deps: {
    inputs: () => IdentityInputs | undefined;
    clock: Clock;
    lifetimeMs: number;
    log: (line: string) => void;
  }) {
    this.#deps = deps;
  }

  /** SHA-256 of the public key that is presented, as `talosctl --cert-fingerprint` takes it. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /** Whether the API of maintenance mode is what is shown. */
  get inMaintenance(): boolean {
    const face = this.current.value;
    return face !== undefined && "maintenance" in face && face.maintenance !== null;
  }

  /**
   * Shows the API of maintenance mode, under a certificate that signs itself. It names nobody: the
   * machine may have no address yet, and callers know it by its key.
   */
  async openMaintenance(): Promise<void> {
    const { crt, key } = await selfSignedServer({
      subject: { commonName: "maintenance" },
      now: new Date(this.#deps.clock.now()),
      lifetimeMs: MAINTENANCE_LIFETIME_MS,
    });
    this.#fingerprint = inspectCertificate(crt).fingerprint;
    this.current.set({ maintenance: { ca: crt, cert: crt, key } });
  }

  /** Ends what `openMaintenance` began, also where there is no certificate to go on with. */
  closeMaintenance(): void {
    if (!this.inMaintenance) return;
    this.#fingerprint = undefined;
    this.current.set({ maintenance: null });
  }

  /** Issues and renews until the signal fires; a failure is logged and tried again. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.refresh();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#deps.log(`cannot issue the API certificate, trying again: ${reason}`);
      }
      await this.#deps.clock.sleep(CHECK_PERIOD_MS, signal);
    }
  }

  /** Issues a certificate when there is none, its inputs changed, or half of its life is over. */
  async refresh(): Promise<void> {
    const inputs = this.#deps.inputs();
    if (!inputs) return;
    const nowMs = this.#deps.clock.now();
    const names = [...new Set(inputs.names)].toSorted();
    const issuedFor = `${inputs.ca.crt} ${names.join(" ")}`;
    // A clock that was set back leaves a certificate that is not valid yet: also a reason to renew.
    const due = nowMs >= this.#renewAtMs || nowMs < this.#notBeforeMs;
    if (issuedFor === this.#issuedFor && !due) return;
    const now = new Date(nowMs);
    const { crt, key } = await issueServerLeaf({
      ca: inputs.ca,
      subject: { commonName: names[0] ?? "node" },
      sans: sans(names),
      now,
      lifetimeMs: this.#deps.lifetimeMs,
    });
    const { notBefore, notAfter, fingerprint } = inspectCertificate(crt);
    this.#fingerprint = fingerprint;
    this.#issuedFor = issuedFor;
    this.#notBeforeMs = notBefore.getTime();
    this.#renewAtMs = renewAt(notBefore, notAfter, now).getTime();
    this.current.set({ identity: { ca: inputs.ca.crt, cert: crt, key } });
    this.#deps.log(
      `API certificate issued for ${names.join(", ")}, valid until ${notAfter.toISOString()}`,
    );
  }
}
