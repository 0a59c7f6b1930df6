import { command as makeCommand } from "$lib/cli/mod.ts";
import type { Command, CommandSpec, Flags, Output, Parsed } from "$lib/cli/mod.ts";
import type { Client } from "./client/client.ts";
import { NodesError } from "./errors.ts";
import { type Host, talosconfigPath } from "./host.ts";
import { Printer } from "./printer.ts";
import type { TargetFlags } from "./target.ts";

/** How long connecting to one endpoint may take before the next is tried. */
const DIAL_MS = 5_000;

/** What every command of talosctl is handed. */
export class Session {
  readonly out: Printer;
  readonly flags: TargetFlags;
  readonly talosconfig: string;
  readonly #interrupt = new AbortController();
  #client: Client | undefined;

  constructor(globals: Parsed["flags"], output: Output, readonly host: Host) {
    this.out = new Printer(output);
    this.flags = globals as unknown as TargetFlags;
    this.talosconfig = talosconfigPath(String(globals.talosconfig ?? ""), host);
  }

  /** Aborted when the user interrupts. */
  get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Ends what is under way; commands that follow something return. */
  interrupt(): void {
    this.#interrupt.abort(new Error("interrupted"));
  }

  /** Typed calls to the nodes that flags and context choose; connects with the first call. */
  async client(): Promise<Client> {
    return this.#client ??= await this.#makeClient();
  }

  /** Like `client`, for a command that only one node can answer. @throws {UsageError} */
  async oneNodeClient(command: string): Promise<Client> {
    const client = await this.client();
    (await import("./target.ts")).requireOneNode(command, client.nodes);
    return client;
  }

  /** Closes connections. @throws {NodesError} when nodes failed while others answered. */
  close(): void {
    this.#client?.[Symbol.dispose]();
    const failures = this.#client?.failures ?? [];
    if (failures.length > 0) throw new NodesError(failures);
  }

  async #makeClient(): Promise<Client> {
    const [{ resolveTarget }, { parseTalosconfig }, { makeClient }] = await Promise.all([
      import("./target.ts"),
      import("./talosconfig.ts"),
      import("./client/mod.ts"),
    ]);
    const text = await this.host.readTextIfPresent(this.talosconfig) ?? "";
    const target = resolveTarget(parseTalosconfig(text), this.flags);
    return makeClient(target, { dialMs: DIAL_MS, signal: this.signal });
  }
}

/** A command of talosctl. */
export function command<F extends Flags>(spec: CommandSpec<F, Session>): Command<Session> {
  return makeCommand(spec);
}
