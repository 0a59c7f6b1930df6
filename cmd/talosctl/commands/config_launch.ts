import { flag } from "$lib/cli/mod.ts";
import { balance } from "../cluster/balancer.ts";
import { serveConfig } from "../cluster/config_server.ts";
import { readOrder } from "../cluster/host_order.ts";
import { runSwitch } from "../cluster/switch.ts";
import { command, type Session } from "../session.ts";

/**
 * What `cluster create` starts beside the machines: reads its order, which holds secret paths, on
 * stdin and prints the ports that it listens on.
 */
export const configLaunchCommand = command({
  summary: "Serve a cluster's machine configurations for as long as it runs",
  flags: { directory: flag.string("the cluster's directory", { required: true }) },
  async run(_flags, session: Session) {
    const { files, pidFile, balanced, network } = readOrder(await session.host.stdinLine());
    const over = new AbortController();
    const signal = AbortSignal.any([session.signal, over.signal]);
    const port = Promise.withResolvers<number>();
    const balancerPort = Promise.withResolvers<number | undefined>();
    const serving = serveConfig({ files, pidFile, ready: port.resolve, signal });
    const balancing = balanced.length === 0
      ? balancerPort.resolve(undefined)
      : balance({ targets: balanced, hostname: "127.0.0.1", ready: balancerPort.resolve, signal });
    const plugged = Promise.withResolvers<void>();
    const switching = network === null
      ? plugged.resolve()
      : runSwitch({ directory: network, ready: plugged.resolve, signal });
    // A switch that cannot listen is told as such, and not waited for.
    await Promise.race([plugged.promise, switching]);
    const ports = { port: await port.promise, balancerPort: await balancerPort.promise };
    session.out.line(JSON.stringify(ports));
    await serving;
    over.abort();
    await Promise.all([balancing, switching]);
  },
});
