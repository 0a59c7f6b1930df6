import { always, list, object, optional, scalar } from "./builder.ts";
import { bool, diskSize, fileMode, int, text } from "./scalars.ts";
import { IMAGE_PREFIX, VERSION } from "$lib/version/mod.ts";

const partition = object("DiskPartition", "A partition of an extra disk.", {
  size: optional(scalar(diskSize), {
    doc:
      "The partition's size: bytes, or a number with a unit.\nOnly the last partition may leave it out, and then takes the rest of the disk.",
    examples: [
      { name: "With a unit", value: 100_000_000 },
      { name: "In bytes", value: 1_073_741_824 },
    ],
  }),
  mountpoint: optional(scalar(text), {
    doc: "Where the partition is mounted: a directory under `/var`.",
  }),
});

/** One of `machine.disks`. */
export const disk = object("MachineDisk", "An extra disk to partition, format and mount.", {
  device: optional(scalar(text), { doc: "The disk's device." }),
  partitions: optional(list(partition), {
    doc: "The partitions to make; a disk that has any already is left as it is.",
  }),
});

/** `machine.install`. */
export const install = object("InstallConfig", "How the system is installed to a disk.", {
  disk: optional(scalar(text), {
    doc: "The disk to install to.",
    examples: [{ value: "/dev/sda" }, { value: "/dev/nvme0n1" }],
  }),
  extraKernelArgs: optional(list(scalar(text)), {
    doc: "Arguments that are added to the kernel's command line.",
    examples: [{ value: ["console=ttyS1", "panic=10"] }],
  }),
  image: optional(scalar(text), {
    doc: "The image that does the installation, and is what gets installed.",
    default: "the installer of the running release",
    examples: [{ value: `${IMAGE_PREFIX}/installer:${VERSION}` }],
  }),
  bootloader: optional(scalar(bool), {
    doc: "Whether a boot loader is installed.",
    default: "false",
  }),
  wipe: always(scalar(bool), {
    doc: "Whether the whole disk is zeroed before the installation.",
    default: "false",
  }),
});

/** One of `machine.files`. */
export const file = object("MachineFile", "A file that is written at boot.", {
  content: always(scalar(text), { doc: "What the file holds.", secret: true }),
  permissions: always(scalar(fileMode), { doc: "The file's permissions, in octal." }),
  path: always(scalar(text), {
    doc:
      "The file's path.\nOutside of `/var` the file is stored as `/var/<path>` and mounted read-only over the path.",
  }),
  op: always(scalar(text), {
    doc:
      "What is done: `create` makes a new file (under `/var` only), `overwrite` and `append` need one.",
    values: ["create", "append", "overwrite"],
  }),
});

const staticKey = object("EncryptionKeyStatic", "A passphrase written in this file.", {
  passphrase: optional(scalar(text), { doc: "The passphrase.", secret: true }),
});

const nodeIdKey = object("EncryptionKeyNodeID", "A key made from the machine's UUID.", {});

const encryptionKey = object("EncryptionKey", "A key that opens an encrypted partition.", {
  static: optional(staticKey, {
    doc: "A key that is a passphrase written here.",
    examples: [{ value: { passphrase: "exampleKey" } }],
  }),
  nodeID: optional(nodeIdKey, {
    doc: "A key that is derived from the machine's UUID and the partition's label.",
    examples: [{ value: {} }],
  }),
  slot: always(scalar(int), { doc: "The LUKS slot the key is kept in; each key has its own." }),
});

const encryption = object("EncryptionConfig", "How one system partition is encrypted.", {
  provider: always(scalar(text), {
    doc: "The kind of encryption.",
    values: ["luks2"],
  }),
  cipher: optional(scalar(text), {
    doc: "The cipher; the provider chooses when it is left out.",
    values: ["aes-xts-plain64", "xchacha12,aes-adiantum-plain64", "xchacha20,aes-adiantum-plain64"],
  }),
  keys: always(list(encryptionKey), { doc: "The keys that open the partition." }),
});

/** `machine.systemDiskEncryption`. */
export const systemDiskEncryption = object(
  "SystemDiskEncryptionConfig",
  "Which system partitions are encrypted, and how.",
  {
    state: optional(encryption, { doc: "The partition that holds this configuration (STATE)." }),
    ephemeral: optional(encryption, { doc: "The partition behind `/var` (EPHEMERAL)." }),
  },
);
