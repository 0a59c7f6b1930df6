/** Where an installer image has its release: what packs it, verifies it and reads it agrees on these. */
export const INSTALLER = {
  /** Each architecture's files are in a directory of its name below. */
  directory: "/usr/install",
  /** The program that puts the release on a disk, in `directory` itself. */
  program: "installer.js",
  /** Kernel, initramfs and command line as one EFI program. */
  bootProgram: "boot.efi",
  bootloader: "systemd-bootx64.efi",
} as const;
