/** Letters of Go's os.FileMode from bit 31 down: directory, append, exclusive, temporary, link … */
const KINDS = "dalTLDpSugct?";
const PERMISSIONS = "rwxrwxrwx";

/** A mode in Go's bit layout, which the wire uses, as Go prints it: `drwxr-xr-x`, `Lrwxrwxrwx`. */
export function fileModeText(mode: number): string {
  const kinds = [...KINDS].filter((_, index) => ((mode >>> (31 - index)) & 1) === 1).join("");
  const permissions = [...PERMISSIONS]
    .map((letter, index) => ((mode >>> (8 - index)) & 1) === 1 ? letter : "-");
  return (kinds === "" ? "-" : kinds) + permissions.join("");
}
