import { type Interface, NetworkService } from "$proto/network/network_pb.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl interfaces` */
export const interfacesCommand = tableCommand({
  summary: "List network interfaces",
  async run(_flags, session: Session) {
    const client = await session.client();
    const answers = await client.unary(NetworkService.method.interfaces, {});
    const rows = nodeRows(answers, ({ interfaces }) => interfaces.flatMap(interfaceRows));
    session.out.table([["NODE", "INDEX", "NAME", "MAC", "MTU", "ADDRESS"], ...rows]);
  },
});

/** A row for each address; an interface without any gets one row, so that it is seen. */
export function interfaceRows(
  { index, name, hardwareaddr, mtu, ipaddress }: Interface,
): string[][] {
  const addresses = ipaddress.length > 0 ? ipaddress : [""];
  return addresses.map((address) => [String(index), name, hardwareaddr, String(mtu), address]);
}
