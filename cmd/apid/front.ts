import type { Apid } from "./apid.ts";
import type { Face } from "./face.ts";

/** How each of the two APIs is opened. */
export type Openers = Readonly<
  Record<
    Exclude<Face["kind"], "closed">,
    (identity: Exclude<Face, { kind: "closed" }>["identity"]) => Promise<Apid>
  >
>;

/** Shows one face at a time: both are on the same port. */
export class Front {
  #shown: { readonly kind: Face["kind"]; readonly api: Apid } | undefined;

  constructor(readonly openers: Openers) {}

  /** Shows `face` in place of the former, or the former with a new identity. */
  async show(face: Face): Promise<"opened" | "renewed" | "closed"> {
    if (face.kind !== "closed" && face.kind === this.#shown?.kind) {
      this.#shown.api.renew(face.identity);
      return "renewed";
    }
    await this.close();
    if (face.kind === "closed") return "closed";
    const api = await this.openers[face.kind](face.identity);
    this.#shown = { kind: face.kind, api };
    return "opened";
  }

  /** Where it listens now. */
  get port(): number | undefined {
    return this.#shown?.api.port;
  }

  /** Shows nothing any more. */
  async close(): Promise<void> {
    const shown = this.#shown;
    this.#shown = undefined;
    await shown?.api.close();
  }
}
