import type { Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import type { Clock } from "$lib/clock/mod.ts";
import {
  inspectCertificate,
  isInTerm,
  issueServerLeaf,
  sans,
  type Term,
  termOf,
  tlsKey,
} from "$lib/pki/mod.ts";
import {
  admit,
  answerStatus,
  CallRegistry,
  dispatch,
  type GrpcServer,
  type Identity,
  type OnStream,
  ServedMethods,
  serveStreams,
} from "$lib/rpc/mod.ts";
import { SecurityService } from "$proto/security/security_pb.ts";
import { PkiFiles } from "./files.ts";
import { Gate } from "./gate.ts";
import { securityApi } from "./security_api.ts";
import type { Settings } from "./settings.ts";

/** What trustd needs to know. */
export interface TrustdOptions {
  readonly host: string;
  readonly port: number;
  /** The directory that nodes leave files in. */
  readonly exchange: string;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly log: (line: string) => void;
}

/** Nodes send a request and wait; who holds more open than this is none of ours. */
const LIMITS = {
  maxConnections: 256,
  handshakeMs: 10_000,
  firstCallMs: 10_000,
  idleMs: 60_000,
  maxStreams: 8,
} as const;
const MESSAGE_BYTES = 128 * 1024;
const DEADLINES = { unaryMs: 15_000, imageMs: 15_000, maxMs: 15_000 } as const;

/** Signs certificates for nodes that know the token, under the newest settings. */
export class Trustd {
  #settings: Settings | undefined;
  #server: GrpcServer | undefined;
  #issuedFor = "";
  #term: Term | undefined;
  readonly #registry = new CallRegistry({ maxCalls: 256, stallMs: 5_000 });

  constructor(readonly options: TrustdOptions) {}

  /** Where it listens; nothing before the first settings. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** Puts new settings in force; listens from the first on. */
  async configure(settings: Settings): Promise<void> {
    this.#settings = settings;
    await this.refresh();
  }

  /** Issues its own certificate when its names or its CA changed, or half of its life is over. */
  async refresh(): Promise<void> {
    const settings = this.#settings;
    if (!settings) return;
    const { ca, voucher, names, lifetimeMs } = settings;
    const nowMs = this.options.clock.now();
    const issuedFor = `${ca.crt} ${voucher} ${names.join(" ")}`;
    if (issuedFor === this.#issuedFor && this.#term && isInTerm(nowMs, this.#term)) return;
    const now = new Date(nowMs);
    const subject = { commonName: "trustd" };
    const { crt, key } = await issueServerLeaf({ ca, subject, sans: sans(names), now, lifetimeMs });
    await this.#show({ ca: ca.crt, cert: crt + voucher, key: tlsKey(key) });
    this.#issuedFor = issuedFor;
    this.#term = termOf(inspectCertificate(crt), now);
  }

  /** Ends every call and stops listening. */
  async close(): Promise<void> {
    this.#registry.close();
    await this.#server?.close();
    this.#server = undefined;
  }

  async #show(identity: Identity): Promise<void> {
    if (this.#server) return this.#server.renew(identity);
    const { host, port, log } = this.options;
    this.#server = await serveStreams({
      listen: { host, port },
      tls: { identity },
      onStream: this.#calls(),
      onRefused: (peer, reason) => log(`refused ${peer}: ${reason}`),
      limits: LIMITS,
    });
    log(`listening on ${host}:${this.#server.port}`);
  }

  #calls(): OnStream {
    const { clock, exchange, log } = this.options;
    const settings = (): Settings => this.#settings!;
    const gate = new Gate({ token: () => settings().token, nowMs: () => clock.monotonic() });
    const files = new PkiFiles({ given: () => settings().files, exchange });
    const api = securityApi({
      settings,
      reserved: () => sans(settings().reserved),
      files,
      now: () => new Date(clock.now()),
      log,
    });
    const answer = dispatch({
      methods: new ServedMethods((router) => router.service(SecurityService, api)),
      registry: this.#registry,
      deadlines: DEADLINES,
      messageBytes: MESSAGE_BYTES,
      onError: (path, error) => log(`${path} failed: ${error}`),
    });
    return (stream, headers) => {
      const peer = (stream.session.socket as Socket).remoteAddress ?? "unknown";
      const refusal = gate.refusal(peer, headers["token"]);
      if (refusal === undefined) return answer(stream, headers);
      if (!admit(stream, headers)) return;
      // What comes too often is not told as often.
      if (refusal.code !== Code.ResourceExhausted) log(`refused ${peer}: ${refusal.message}`);
      answerStatus(stream, refusal);
    };
  }
}
