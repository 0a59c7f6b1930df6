import type { ServiceImpl } from "@connectrpc/connect";
import type { MachineService } from "$proto/machine/machine_pb.ts";

type Machine = ServiceImpl<typeof MachineService>;

/** The handlers of some of the machine service's methods: the table of contents of a file. */
export type MachineApi<Method extends keyof Machine> = Pick<Machine, Method>;
