/**
 * The client configuration of talosctl: contexts with endpoints, nodes and credentials.
 *
 * ```ts
 * import { addContext, contextOf, Talosconfig } from "$lib/talosconfig/mod.ts";
 *
 * const pem = { ca: "-----BEGIN …", crt: "-----BEGIN …", key: "-----BEGIN …" };
 * const context = contextOf(pem, { endpoints: ["127.0.0.1"] });
 * const config = addContext(Talosconfig.empty(), "talos-default", context);
 * console.assert(config.current === "talos-default");
 * ```
 *
 * @module
 */
export { contextOf, type Credentials, credentials } from "./credentials.ts";
export {
  addContext,
  mergeTalosconfig,
  type Rename,
  setEndpoints,
  setNodes,
  useContext,
} from "./edit.ts";
export { type ConfigFiles, openTalosconfig, saveTalosconfig } from "./file.ts";
export { type PathEnvironment, talosconfigPath } from "./path.ts";
export { type Context, Talosconfig } from "./talosconfig.ts";
