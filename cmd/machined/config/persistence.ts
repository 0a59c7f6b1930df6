/** Keeps the machine configuration over a reboot. */
export interface ConfigPersistence {
  /** Writes all of `text`, or leaves what was kept before. */
  save(text: string): Promise<void>;
}
