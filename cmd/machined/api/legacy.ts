import { Code, ConnectError } from "@connectrpc/connect";
import { deleteKey } from "$lib/etcd/mod.ts";
import type { EtcdAccess } from "../etcd/access.ts";
import type { MachineApi } from "./_impl.ts";

/** The key by which releases before 0.9 say that Kubernetes runs its own control plane. */
const INITIALIZED = "initialized";

/** Methods that are about control planes of earlier releases. */
export function legacyApi(
  { access }: { readonly access: Pick<EtcdAccess, "local"> },
): MachineApi<"recover" | "removeBootkubeInitializedKey"> {
  return {
    recover() {
      throw new ConnectError(
        "recover is not supported since Talos 0.9, use apply-config or bootstrap --recover-from",
        Code.Unimplemented,
      );
    },
    async removeBootkubeInitializedKey(_request, { signal }) {
      using etcd = await access.local();
      await deleteKey(etcd, INITIALIZED, { signal });
      return { messages: [{}] };
    },
  };
}
