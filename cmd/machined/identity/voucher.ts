import type { MachineConfig } from "$lib/config/mod.ts";
import { crossSign } from "$lib/pki/mod.ts";

/**
 * Lets the CA of Kubernetes vouch for the machine CA: workers whose configuration has no `machine.ca`,
 * as those of 0.9, know a control plane by it. Made once for each pair of CAs.
 */
export class Voucher {
  #of = "";
  #crt = "";

  /** The certificate in PEM; "" on a machine that lacks one of the CAs. */
  async of(config: MachineConfig | undefined): Promise<string> {
    const { crt = "" } = config?.machine.ca ?? {};
    const ca = config?.cluster.ca;
    if (crt === "" || !ca?.crt || !ca.key) return "";
    const of = crt + ca.crt;
    if (of !== this.#of) {
      this.#crt = await crossSign({ ca, crt });
      this.#of = of;
    }
    return this.#crt;
  }
}
