import type { StateReader } from "$lib/cosi/mod.ts";
import { EtcdAccess } from "./access.ts";
import { STATE_DIRECTORY } from "../config/saved.ts";
import { Company } from "./company.ts";
import { DataDirectory } from "./data_directory.ts";
import { ETCD_DATA_DIR, ETCD_SNAPSHOT, ETCD_UID } from "./places.ts";
import { SnapshotFile } from "./snapshot_file.ts";

/** The etcd of a machine, for its service and its API. */
export interface EtcdParts {
  readonly access: EtcdAccess;
  readonly data: DataDirectory;
  readonly company: Company;
  readonly snapshotFile: SnapshotFile;
  /** Whether the API asked this machine to found the cluster. */
  readonly bootstrap: { asked: boolean };
}

/** What there is of etcd on a real machine. */
export function etcdParts(
  deps: {
    readonly state: StateReader;
    readonly addresses: () => readonly string[];
    /** Whether the volume of the configuration is there. */
    readonly hasState: () => boolean;
  },
): EtcdParts {
  return {
    access: new EtcdAccess(deps),
    data: new DataDirectory(ETCD_DATA_DIR, ETCD_UID),
    company: new Company(STATE_DIRECTORY, deps.hasState),
    snapshotFile: new SnapshotFile(ETCD_SNAPSHOT, ETCD_UID),
    bootstrap: { asked: false },
  };
}
