/**
 * A client of etcd: keys, members, maintenance, a mutex, all over `fetch`.
 *
 * ```ts
 * import { type Member, memberNamed } from "$lib/etcd/mod.ts";
 *
 * const member: Member = { id: "1", name: "a", peerUrls: [], clientUrls: [], learner: false };
 * console.assert(memberNamed([member], "a").id === "1");
 * ```
 *
 * @module
 */
export { type EtcdCall, EtcdClient, EtcdError, type EtcdTarget } from "./client.ts";
export { checkHealth, deleteKey, type KeyValue, readKey, untilChanged, writeKey } from "./kv.ts";
export { forfeitLeadership, type MemberStatus, memberStatus, snapshot } from "./maintenance.ts";
export {
  addMember,
  listMembers,
  type Member,
  memberNamed,
  promoteMember,
  removeMember,
} from "./members.ts";
export { type MutexOptions, withMutex } from "./mutex.ts";
