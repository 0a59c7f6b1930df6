/** UEFI for virtual machines, as hosts have it. */
import { statIfPresent } from "../files.ts";
import type { HostFiles } from "../host.ts";

/** Firmware of a machine: its program, and the variables that a new machine starts with. */
export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** Where packages put it: Debian, Fedora, Arch, Homebrew on either kind of Mac. */
const PLACES: readonly Firmware[] = [
  {
    code: "/usr/share/OVMF/OVMF_CODE_4M.fd",
    variables: "/usr/share/OVMF/OVMF_VARS_4M.fd",
  },
  {
    code: "/usr/share/edk2/ovmf/OVMF_CODE.fd",
    variables: "/usr/share/edk2/ovmf/OVMF_VARS.fd",
  },
  {
    code: "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
    variables: "/usr/share/edk2/x64/OVMF_VARS.4m.fd",
  },
  ...["/opt/homebrew", "/usr/local"].map((prefix) => ({
    code: `${prefix}/share/qemu/edk2-x86_64-code.fd`,
    variables: `${prefix}/share/qemu/edk2-i386-vars.fd`,
  })),
];

/** The firmware of this host. @throws {Error} that says how to get it when there is none */
export async function findFirmware(
  files: HostFiles,
  places: readonly Firmware[] = PLACES,
): Promise<Firmware> {
  for (const place of places) {
    const { code, variables } = place;
    const found = [code, variables].map((path) => statIfPresent(files, path));
    if ((await Promise.all(found)).every((info) => info !== undefined)) return place;
  }
  throw new Error(
    "Cannot find UEFI for virtual machines: install OVMF (Debian: apt-get install ovmf, " +
      "Fedora: dnf install edk2-ovmf, macOS: it comes with brew install qemu)",
  );
}
