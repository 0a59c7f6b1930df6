/** One package of an image, unpacked. */
export interface Input {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Where it came from, as a package URL has it. */
  readonly type: "deb" | "npm";
  readonly directory: string;
}
