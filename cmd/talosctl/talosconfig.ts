import { parse } from "yaml";

/** One cluster in a talosconfig; ca, crt and key are base64 of PEM. */
export interface TalosContext {
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
  readonly ca?: string;
  readonly crt?: string;
  readonly key?: string;
}
/** A talosconfig file. */
export interface Talosconfig {
  readonly context: string;
  readonly contexts: Readonly<Record<string, TalosContext>>;
}

/** Temporary reader until lib/talosconfig lands. */
export function parseTalosconfig(text: string): Talosconfig {
  const raw = (parse(text) ?? {}) as Partial<Talosconfig>;
  return { context: raw.context ?? "", contexts: raw.contexts ?? {} };
}
