import { isMap } from "yaml";
import { entriesOf, parseKubeconfig } from "./_document.ts";

/** A kubeconfig whose clusters are reached at `url`. */
export function withServer(kubeconfig: string, url: string): string {
  const document = parseKubeconfig(kubeconfig);
  for (const entry of entriesOf(document, "clusters").items) {
    const cluster: unknown = entry.get("cluster");
    if (isMap(cluster)) cluster.set("server", url);
  }
  return document.toString({ lineWidth: 0 });
}
