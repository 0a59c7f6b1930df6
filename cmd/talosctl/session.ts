import { command as makeCommand, flag, InterruptError } from "$lib/cli/mod.ts";
import type { Command, CommandSpec, Flags, Output, Parsed, Values } from "$lib/cli/mod.ts";
import type { Client } from "./client/client.ts";
import type { Host } from "./host.ts";
import { NodesError } from "./errors.ts";
import { Printer } from "./printer.ts";
import type { TargetFlags } from "./target.ts";

/** How long connecting to one endpoint may take before the next is tried. */
const DIAL_MS = 5_000;

/** What every command of talosctl is handed. */
export class Session {
  readonly out: Printer;
  readonly target: TargetFlags;
  readonly #talosconfigFlag: string;
  readonly #interrupt = new AbortController();
  #client: Client | undefined;

  constructor(readonly globals: Parsed["flags"], output: Output, readonly host: Host) {
    this.out = new Printer(output);
    this.target = {
      context: String(globals.context ?? ""),
      endpoints: globals.endpoints as readonly string[] ?? [],
      nodes: globals.nodes as readonly string[] ?? [],
    };
    this.#talosconfigFlag = String(globals.talosconfig ?? "");
  }

  /** Aborted when the user interrupts. */
  get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Ends what is under way; commands that follow something return. */
  interrupt(): void {
    this.#interrupt.abort(new InterruptError("interrupted"));
  }

  /** Where the talosconfig of this run lies. */
  async talosconfigPath(): Promise<string> {
    const { talosconfigPath } = await import("$lib/talosconfig/mod.ts");
    return talosconfigPath(this.#talosconfigFlag, this.host.env);
  }

  /** Typed calls to the nodes that flags and context choose; connects with the first call. */
  async client(): Promise<Client> {
    return this.#client ??= await this.#makeClient();
  }

  /** Like `client`, for a command that only one node can answer. @throws {UsageError} */
  async oneNodeClient(command: string): Promise<Client> {
    const client = await this.client();
    const { requireOneNode } = await import("./target.ts");
    requireOneNode(command, client.nodes);
    return client;
  }

  /**
   * Calls to a node in maintenance mode, which has no CA yet and asks for no certificate; when
   * fingerprints are given, its certificate has to have one. @throws {UsageError} unless one node is named.
   */
  async maintenanceClient(fingerprints: readonly string[]): Promise<Client> {
    const { maintenanceClient } = await import("./client/mod.ts");
    const options = { dialMs: DIAL_MS, signal: this.signal };
    return this.#client ??= maintenanceClient(this.target.nodes, fingerprints, options);
  }

  /** Closes connections. @throws {NodesError} when nodes failed while others answered. */
  close(): void {
    this.#client?.[Symbol.dispose]();
    const failures = this.#client?.failures ?? [];
    if (failures.length > 0) throw new NodesError(failures);
  }

  async #makeClient(): Promise<Client> {
    const [{ resolveTarget }, { openTalosconfig }, { makeClient }] = await Promise.all([
      import("./target.ts"),
      import("$lib/talosconfig/mod.ts"),
      import("./client/mod.ts"),
    ]);
    const config = await openTalosconfig(this.host.files, await this.talosconfigPath());
    const target = resolveTarget(config, this.target);
    return makeClient(target, { dialMs: DIAL_MS, signal: this.signal });
  }
}

/** A command of talosctl. */
export function command<F extends Flags>(spec: CommandSpec<F, Session>): Command<Session> {
  return makeCommand(spec);
}

const OUTPUT = {
  output: flag.string("output mode (table, json)", {
    short: "o",
    fallback: "table",
    choices: ["table", "json"],
  }),
};

/** A command whose result is a table: with `--output json` each row is an object. */
export function tableCommand<F extends Flags>(spec: CommandSpec<F, Session>): Command<Session> {
  return makeCommand<F & typeof OUTPUT, Session>({
    ...spec,
    flags: { ...spec.flags, ...OUTPUT } as F & typeof OUTPUT,
    run(values, session, args) {
      const { output } = values as Values<typeof OUTPUT>;
      session.out.json = output === "json";
      return spec.run(values as Values<F>, session, args);
    },
  });
}
