/** What the kernel tells of a device that came, changed or went. */
export interface Uevent {
  /** `add`, `remove`, `change`, `bind` … */
  readonly action: string;
  /** Where the device is below /sys. */
  readonly devpath: string;
  /** `block`, `net`, `pci` … */
  readonly subsystem: string;
}

/**
 * Reads a datagram of NETLINK_KOBJECT_UEVENT: `add@/devices/…` and `KEY=value`, each ended by a zero
 * byte.
 *
 * @throws {SyntaxError} when it is none
 */
export function decodeUevent(bytes: Uint8Array): Uevent {
  const [head = "", ...lines] = new TextDecoder().decode(bytes).split("\0");
  const values = new Map(lines.map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)] as const;
  }));
  const [action, devpath] = [values.get("ACTION"), values.get("DEVPATH")];
  if (action === undefined || devpath === undefined || head !== `${action}@${devpath}`) {
    throw new SyntaxError("Cannot read uevent: it names no action and device");
  }
  return { action, devpath, subsystem: values.get("SUBSYSTEM") ?? "" };
}
