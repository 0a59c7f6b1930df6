/** The certificate of the node's API: of the machine CA, renewed at half its life. */
import {
  hoursMs,
  inspectCertificate,
  isInTerm,
  issueServerLeaf,
  OutsideValidityError,
  type PemPair,
  sans,
  selfSignedServer,
  type Term,
  termOf,
} from "$lib/pki/mod.ts";
import { type Clock, Latest, messageOf } from "$lib/service/mod.ts";

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

/** Who signs: the node itself, where it has the key of the CA, else the trustd of a control plane. */
export type Signer =
  | { readonly kind: "self"; readonly key: string }
  | { readonly kind: "trustd"; readonly token: string };

/** What a certificate is made from; a change of any of it asks for a new one. */
export interface IdentityInputs {
  /** The certificate of the machine CA; empty where only a control plane knows it. */
  readonly ca: string;
  readonly signer: Signer;
  /** Names and addresses that the node answers to, its own and those of `machine.certSANs`. */
  readonly names: readonly string[];
}

/** Asks the control plane for a certificate for these names, and for its CA where `ca` is empty. */
export type AskTrustd = (
  request: { readonly ca: string; readonly token: string; readonly names: readonly string[] },
  signal: AbortSignal,
) => Promise<PemPair & { readonly ca: string }>;

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
    readonly askTrustd: AskTrustd;
    readonly log: (line: string) => void;
  };
  #fault: string | undefined;
  #fingerprint: string | undefined;
  #issuedFor = "";
  #term: Term | undefined;

  constructor(deps: {
    inputs: () => IdentityInputs | undefined;
    clock: Clock;
    lifetimeMs: number;
    askTrustd: AskTrustd;
    log: (line: string) => void;
  }) {
    this.#deps = deps;
  }

  /** SHA-256 of the public key that is presented, as `talosctl --cert-fingerprint` takes it. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /** Why there is no certificate, or none newer, where that is so. */
  get fault(): string | undefined {
    return this.#fault;
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
        await this.#refresh(signal);
        this.#fault = undefined;
      } catch (error) {
        this.#tell(error);
      }
      await this.#deps.clock.sleep(CHECK_PERIOD_MS, signal);
    }
  }

  /**
   * Issues a certificate when there is none, its inputs changed, or half of its life is over. One that
   * only a control plane can sign is left to `keep`: nothing may wait for another machine. So is one
   * for which the clock has to be set first: what sets it has to start.
   *
   * @throws {Error} when the CA or its key is of no use
   */
  async refresh(): Promise<void> {
    try {
      await this.#refresh(undefined);
      this.#fault = undefined;
    } catch (error) {
      if (!(error instanceof OutsideValidityError)) throw error;
      this.#tell(error);
    }
  }

  /** Logs a failure, once as long as it is the same. */
  #tell(error: unknown): void {
    const reason = messageOf(error);
    if (reason !== this.#fault) this.#deps.log(`no API certificate yet, trying again: ${reason}`);
    this.#fault = reason;
  }

  async #refresh(signal: AbortSignal | undefined): Promise<void> {
    const inputs = this.#deps.inputs();
    if (!inputs || (inputs.signer.kind === "trustd" && !signal)) return;
    const nowMs = this.#deps.clock.now();
    const names = [...new Set(inputs.names)].toSorted();
    const issuedFor = `${inputs.ca} ${names.join(" ")}`;
    if (issuedFor === this.#issuedFor && this.#term && isInTerm(nowMs, this.#term)) return;
    const { ca, crt, key } = await this.#issue(inputs, names, signal);
    const certificate = inspectCertificate(crt);
    this.#fingerprint = certificate.fingerprint;
    this.#issuedFor = issuedFor;
    this.#term = termOf(certificate, new Date(nowMs));
    this.current.set({ identity: { ca, cert: crt, key } });
    this.#deps.log(
      `API certificate issued for ${
        names.join(", ")
      }, valid until ${certificate.notAfter.toISOString()}`,
    );
  }

  async #issue(
    { ca, signer }: IdentityInputs,
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<PemPair & { readonly ca: string }> {
    const { askTrustd, clock, lifetimeMs } = this.#deps;
    if (signer.kind === "trustd") {
      const never = new AbortController().signal;
      return await askTrustd({ ca, token: signer.token, names }, signal ?? never);
    }
    const leaf = await issueServerLeaf({
      ca: { crt: ca, key: signer.key },
      subject: { commonName: names[0] ?? "node" },
      sans: sans(names),
      now: new Date(clock.now()),
      lifetimeMs,
    });
    return { ...leaf, ca };
  }
}
