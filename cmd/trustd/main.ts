import { parseArgs } from "node:util";
import { systemClock } from "$lib/clock/mod.ts";
import { jsonLines } from "$lib/daemon/mod.ts";
import { TRUST_EXCHANGE, TRUSTD_PORT } from "$lib/paths/mod.ts";
import { dropRights } from "$lib/rpc/mod.ts";
import { readSettings } from "./settings.ts";
import { Trustd } from "./trustd.ts";

/** How often it looks whether its own certificate is due, milliseconds. */
const CHECK_PERIOD_MS = 5_000;

/** Runs trustd until its stdin ends: settings in, certificates for nodes that know the token out. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      host: { type: "string", default: "::" },
      port: { type: "string", default: String(TRUSTD_PORT) },
      exchange: { type: "string", default: TRUST_EXCHANGE },
    },
  });
  await dropRights(Deno.permissions, ["run", "ffi", "sys", "env"]);
  const { host, exchange } = values;
  const trustd = new Trustd({ host, port: Number(values.port), exchange, clock: systemClock, log });
  const tell = (error: unknown) => log(error instanceof Error ? error.message : String(error));
  const timer = setInterval(() => void trustd.refresh().catch(tell), CHECK_PERIOD_MS);
  for await (const settings of jsonLines(Deno.stdin.readable, readSettings, log)) {
    try {
      await trustd.configure(settings);
    } catch (error) {
      // Without a port there is nothing left to do here but to be started anew.
      if (trustd.port === undefined) throw error;
      tell(error);
    }
  }
  clearInterval(timer);
  await trustd.close();
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
