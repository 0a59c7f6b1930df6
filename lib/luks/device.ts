/** What a volume is on; a medium of `$lib/disk` fits it. */
export interface Device {
  /** What messages call it, e.g. /dev/vda5. */
  readonly name: string;
  readonly sizeBytes: number;
  /** `length` bytes from `offset`. @throws {Error} when the device ends before */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Comes back once everything written is there to stay. */
  flush(): Promise<void>;
}
