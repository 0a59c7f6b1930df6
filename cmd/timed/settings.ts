/** What machined hands to timed. */
export interface Settings {
  /** Time servers; what most of them say is followed. */
  readonly servers: readonly string[];
  readonly disabled: boolean;
  /** Whether the machine has a configuration; until then nobody waits for the time. */
  readonly configured: boolean;
}

/** The server that is asked once at start, and followed when none is configured. */
export const DEFAULT_SERVER = "pool.ntp.org";

/** Reads a line from machined. @throws {TypeError} that names the field of the wrong kind */
export function readSettings(value: unknown): Settings {
  if (typeof value !== "object" || value === null) {
    throw new TypeError("Cannot read settings: they are no object");
  }
  const { servers = [], disabled = false, configured = true } = value as Record<string, unknown>;
  if (typeof configured !== "boolean") {
    throw new TypeError("Cannot read configured of the settings: it is no truth value");
  }
  if (typeof disabled !== "boolean") {
    throw new TypeError("Cannot read disabled of the settings: it is no truth value");
  }
  if (!Array.isArray(servers) || !servers.every((server) => typeof server === "string")) {
    throw new TypeError("Cannot read servers of the settings: they are no list of texts");
  }
  return { servers: servers.length > 0 ? servers : [DEFAULT_SERVER], disabled, configured };
}
