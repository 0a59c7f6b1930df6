const TYPE_MASK = 0o170000;

/** The bits Go's os.FileMode has for each file type; the wire carries these, not st_mode. */
const GO_TYPES: Record<number, number> = {
  0o040000: 2 ** 31, // directory
  0o120000: 2 ** 27, // symbolic link
  0o060000: 2 ** 26, // block device
  0o020000: 2 ** 26 + 2 ** 21, // character device
  0o010000: 2 ** 25, // named pipe
  0o140000: 2 ** 24, // socket
};

/** st_mode as the os.FileMode that 0.9 clients print. */
export function goFileMode(mode: number): number {
  let bits = (mode & 0o777) + (GO_TYPES[mode & TYPE_MASK] ?? 0);
  if (mode & 0o4000) bits += 2 ** 23;
  if (mode & 0o2000) bits += 2 ** 22;
  if (mode & 0o1000) bits += 2 ** 20;
  return bits;
}
