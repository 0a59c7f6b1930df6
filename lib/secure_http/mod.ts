/**
 * JSON over HTTPS with a client certificate, by `fetch`: each call has a deadline, each answer a
 * bound.
 *
 * ```ts
 * import { SecureHttp } from "$lib/secure_http/mod.ts";
 *
 * using http = new SecureHttp({ url: "https://127.0.0.1:1" });
 * const fault = await http.json("GET", "/healthz", { timeoutMs: 1_000 }).catch((error) => error);
 * console.assert(fault.message.startsWith('Cannot reach "https://127.0.0.1:1"'));
 * ```
 *
 * @module
 */
export { readBounded } from "./_body.ts";
export { HttpFault, reasonOf, UnreachableError } from "./faults.ts";
export { type CallOptions, SecureHttp, type SecureTarget } from "./secure_http.ts";
