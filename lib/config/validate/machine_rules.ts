import type { Path } from "../finding.ts";
import type { MachineSection } from "../schema/document.ts";
import type { Breach, Rule } from "./rule.ts";

/** The document is of the one version there is. */
export const version: Rule = {
  level: "error",
  says: { "version": "`v1alpha1`." },
  *check(config) {
    if (config.version !== "v1alpha1") {
      yield { path: ["version"], message: "invalid config version" };
    }
  },
};

/** On metal the system is installed, to a disk that is there. */
export const installDisk: Rule = {
  level: "error",
  says: {
    "machine.install": "Required in mode `metal`.",
    "machine.install.disk": "Required in mode `metal`; on the machine it must exist.",
  },
  *check({ machine }, { mode, diskExists }) {
    if (mode !== "metal") return;
    const path = ["machine", "install"];
    if (!machine.install) {
      yield { path, message: `install instructions are required in "${mode}" mode` };
      return;
    }
    const disk = machine.install.disk ?? "";
    if (disk === "") {
      const message = `an install disk is required in "${mode}" mode`;
      yield { path: [...path, "disk"], message };
    } else if (diskExists && !diskExists(disk)) {
      const message = `specified install disk does not exist: ${JSON.stringify(disk)}`;
      yield { path: [...path, "disk"], message };
    }
  },
};

/** Only the last partition of a disk takes what is left of it. */
export const partitions: Rule = {
  level: "error",
  says: { "machine.disks[].partitions[].size": "Required but for the last partition of a disk." },
  *check({ machine }) {
    for (const [i, disk] of (machine.disks ?? []).entries()) {
      const all = disk.partitions ?? [];
      for (const [j, { size }] of all.slice(0, -1).entries()) {
        if (size) continue;
        const device = JSON.stringify(disk.device ?? "");
        const message =
          `partition for disk ${device} is set to occupy full disk, but it's not the last partition in the list`;
        yield { path: ["machine", "disks", i, "partitions", j, "size"], message };
      }
    }
  },
};

/** Extra disks are mounted where there is room for directories, each in a place of its own. */
export const mountpoints: Rule = {
  level: "apply",
  says: {
    "machine.disks[].partitions[].mountpoint": "A directory under `/var`; no two have the same.",
  },
  *check({ machine }) {
    const taken = new Set<string>();
    for (const [i, { partitions }] of (machine.disks ?? []).entries()) {
      for (const [j, { mountpoint = "" }] of (partitions ?? []).entries()) {
        const path = ["machine", "disks", i, "partitions", j, "mountpoint"];
        const name = JSON.stringify(mountpoint);
        if (!/^\/var(\/(?!\.{1,2}(\/|$))[^/]+)+\/?$/.test(mountpoint)) {
          yield { path, message: `mountpoint ${name} is not a directory under /var` };
        } else if (taken.has(mountpoint.replace(/\/$/, ""))) {
          yield { path, message: `mountpoint ${name} is used twice` };
        }
        taken.add(mountpoint.replace(/\/$/, ""));
      }
    }
  },
};

type Encryption = NonNullable<
  NonNullable<MachineSection["systemDiskEncryption"]>["ephemeral"]
>;

const ENCRYPTION_SAYS = {
  "keys": "At least one.",
  "keys[]": "Has `static` or `nodeID`.",
  "keys[].slot": "Different for each key.",
} as const;

/** Slots of LUKS2. */
const KEY_SLOTS = 32;

/** A node that cannot encrypt as it is asked to does not take the configuration. */
export const encryptionSupport: Rule = {
  level: "apply",
  says: Object.fromEntries(
    ["ephemeral", "state"].flatMap((partition) => [
      [
        `machine.systemDiskEncryption.${partition}.cipher`,
        "Nodes support `aes-xts-plain64`.",
      ],
      [`machine.systemDiskEncryption.${partition}.keys[].slot`, "0 to 31."],
    ]),
  ),
  *check({ machine }) {
    for (const partition of ["ephemeral", "state"] as const) {
      const { cipher = "", keys = [] } = machine.systemDiskEncryption?.[partition] ?? {};
      const path = ["machine", "systemDiskEncryption", partition];
      if (!["", "aes-xts-plain64"].includes(cipher)) {
        const message = `cipher ${JSON.stringify(cipher)} is not supported: use "aes-xts-plain64"`;
        yield { path: [...path, "cipher"], message };
      }
      for (const [i, { slot }] of keys.entries()) {
        if (slot >= 0 && slot < KEY_SLOTS) continue;
        const message = `key slot ${slot} is not one of 0 to ${KEY_SLOTS - 1}`;
        yield { path: [...path, "keys", i, "slot"], message };
      }
    }
  },
};

/** Every encrypted partition can be opened, by keys that do not overwrite each other. */
export const encryption: Rule = {
  level: "error",
  says: Object.fromEntries(
    ["ephemeral", "state"].flatMap((partition) =>
      Object.entries(ENCRYPTION_SAYS).map(([field, says]) => [
        `machine.systemDiskEncryption.${partition}.${field}`,
        says,
      ])
    ),
  ),
  *check({ machine }) {
    const { ephemeral, state } = machine.systemDiskEncryption ?? {};
    const path = ["machine", "systemDiskEncryption"];
    if (ephemeral) yield* encryptionBreaches(ephemeral, "ephemeral", [...path, "ephemeral"]);
    if (state) yield* encryptionBreaches(state, "state", [...path, "state"]);
  },
};

function* encryptionBreaches(config: Encryption, name: string, path: Path): Iterable<Breach> {
  if (config.keys.length === 0) {
    const message = `no encryption keys provided for the ${name} partition encryption`;
    yield { path: [...path, "keys"], message };
  }
  const taken = new Set<number>();
  for (const [i, key] of config.keys.entries()) {
    if (taken.has(key.slot)) {
      const message = `encryption key slot ${key.slot} is already in use`;
      yield { path: [...path, "keys", i, "slot"], message };
    }
    taken.add(key.slot);
    if (!key.nodeID && !key.static) {
      const message = `encryption key at slot ${key.slot} doesn't have any settings`;
      yield { path: [...path, "keys", i], message };
    }
  }
}

/** The kind of encryption is one that there is. */
export const encryptionProvider: Rule = {
  level: "apply",
  says: {
    "machine.systemDiskEncryption.ephemeral.provider": "`luks2`.",
    "machine.systemDiskEncryption.state.provider": "`luks2`.",
  },
  *check({ machine }) {
    for (const partition of ["ephemeral", "state"] as const) {
      const provider = machine.systemDiskEncryption?.[partition]?.provider;
      if (provider === undefined || provider === "luks2") continue;
      const message = `unknown encryption kind ${JSON.stringify(provider)}`;
      yield { path: ["machine", "systemDiskEncryption", partition, "provider"], message };
    }
  },
};

/** Files are written the ways there are, and new ones only where there is room for them. */
export const files: Rule = {
  level: "apply",
  says: {
    "machine.files[].op": "`create`, `append` or `overwrite`.",
    "machine.files[].path": "Absolute; under `/var` for `create`.",
  },
  *check({ machine }) {
    for (const [i, { op, path }] of (machine.files ?? []).entries()) {
      const name = JSON.stringify(path);
      if (!["create", "append", "overwrite"].includes(op)) {
        const message = `unknown operation for file ${name}: ${JSON.stringify(op)}`;
        yield { path: ["machine", "files", i, "op"], message };
      }
      const parts = path.split("/").filter((part) => part !== "");
      if (!path.startsWith("/") || parts.includes("..")) {
        const message = `path of file ${name} is not absolute`;
        yield { path: ["machine", "files", i, "path"], message };
      } else if (op === "create" && parts[0] !== "var") {
        const message = `create operation not allowed outside of /var: ${name}`;
        yield { path: ["machine", "files", i, "path"], message };
      }
    }
  },
};
