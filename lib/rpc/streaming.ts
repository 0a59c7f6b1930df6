/** The methods of the API that answer with a stream, by path; streaming_test.ts compares. */
const STREAMING = new Set([
  "/cluster.ClusterService/HealthCheck",
  "/health.Health/Watch",
  "/machine.MachineService/Copy",
  "/machine.MachineService/DiskUsage",
  "/machine.MachineService/Dmesg",
  "/machine.MachineService/EtcdSnapshot",
  "/machine.MachineService/Events",
  "/machine.MachineService/Kubeconfig",
  "/machine.MachineService/List",
  "/machine.MachineService/Logs",
  "/machine.MachineService/Read",
  "/resource.ResourceService/List",
  "/resource.ResourceService/Watch",
]);

/** True when the method at `path` answers with a stream: a known one, or named `…Stream`. */
export function isStreaming(path: string): boolean {
  return STREAMING.has(path) || /\/\w+Stream$/.test(path);
}
