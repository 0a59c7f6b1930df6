import { isControlPlane, type MachineConfig } from "$lib/config/mod.ts";
import { aborted } from "$lib/clock/mod.ts";
import { type Clock, Latest, messageOf } from "$lib/service/mod.ts";

/** What an election needs. */
export interface SharedAddressesDeps {
  /**
   * Runs `work` while this machine alone has the lock `name`; the signal that `work` gets fires when it
   * no longer has.
   */
  readonly lock: (
    name: string,
    work: (lost: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Before etcd runs, and after it was lost. */
const AGAIN_MS = 3_000;

/** The addresses that the control planes share, as a configuration has them. */
export function sharedAddressesOf(config: MachineConfig | undefined): string[] {
  if (!config || !isControlPlane(config)) return [];
  return (config.machine.network?.interfaces ?? []).flatMap(({ vip, ignore }) =>
    vip?.ip && !ignore ? [vip.ip] : []
  );
}

/** The lock whose holder has the address; 0.9 names it so too. */
export function electionOf(address: string): string {
  return `talos:v1:vip:election:${address}`;
}

/** Runs for every shared address; one machine of the cluster at a time has each. */
export class SharedAddresses {
  /** Those that this machine has now. */
  readonly held = new Latest<readonly string[]>([]);

  constructor(readonly deps: SharedAddressesDeps) {}

  /** Follows the configurations; ends with `signal`, and has none then. */
  async run(
    running: Latest<{ readonly config: MachineConfig }>,
    signal: AbortSignal,
  ): Promise<void> {
    let wanted = "";
    let campaign = new AbortController();
    for await (const { config } of running.watch(signal)) {
      const addresses = sharedAddressesOf(config);
      if (addresses.join() === wanted) continue;
      wanted = addresses.join();
      campaign.abort();
      campaign = new AbortController();
      const until = AbortSignal.any([signal, campaign.signal]);
      for (const address of addresses) void this.#campaign(address, until);
    }
    campaign.abort();
  }

  async #campaign(address: string, signal: AbortSignal): Promise<void> {
    const { lock, clock, log } = this.deps;
    let told = "";
    while (!signal.aborted) {
      try {
        await lock(electionOf(address), (lost) => this.#hold(address, lost), signal);
        told = "";
      } catch (error) {
        const reason = messageOf(error);
        // etcd may be away for hours: the same reason is told once.
        if (!signal.aborted && reason !== told) log(`shared address ${address}: ${reason}`);
        told = reason;
      }
      await clock.sleep(AGAIN_MS, signal);
    }
  }

  async #hold(address: string, lost: AbortSignal): Promise<void> {
    this.deps.log(`shared address ${address} is here`);
    this.held.set([...this.held.value ?? [], address]);
    await aborted(lost);
    this.held.set((this.held.value ?? []).filter((held) => held !== address));
    this.deps.log(`shared address ${address} is here no more`);
  }
}
