/**
 * Gives up rights on the calling thread, in the one order that works.
 *
 * @module
 */
import {
  type Capability,
  limitBoundingSet,
  setAmbientCapabilities,
  setCapabilities,
} from "./capabilities.ts";
import { type Identity, setThreadIdentity } from "./credentials.ts";
import { type LandlockRules, LandlockRuleset } from "./landlock.ts";
import { prctl } from "./process.ts";
import { type DeniableSyscall, denyFilter, setThreadFilter } from "./seccomp.ts";

/** What a service keeps; all that is not named is given up. */
export interface Privileges extends Identity {
  /** Keeps every right of this process: for a program that starts others with rights of their own. */
  unrestricted?: boolean;
  /** Capabilities that survive although the user is not root; none when absent. */
  keepCapabilities?: readonly Capability[];
  /** What programs it runs could ever regain; the kept ones when absent. */
  boundingSet?: readonly Capability[];
  /** Set-user-id programs and file capabilities give nothing; true when absent. */
  noNewPrivileges?: boolean;
  /** Calls that answer EPERM. */
  deniedSyscalls?: readonly DeniableSyscall[];
  /** Files that stay reachable; all of them when absent. */
  landlock?: LandlockRules;
}

/**
 * Makes the calling thread what `privileges` say, for good: only on a thread that ends soon after it
 * started its one program. @throws {SyscallError} of the step that failed; then start nothing.
 */
export function dropThreadPrivileges(privileges: Privileges): void {
  if (privileges.unrestricted) return setThreadIdentity(privileges);
  const keep = privileges.keepCapabilities ?? [];
  // Paths are opened while everything can be.
  using ruleset = privileges.landlock && new LandlockRuleset(privileges.landlock);
  limitBoundingSet(privileges.boundingSet ?? keep);
  prctl("SET_KEEPCAPS", 1);
  setThreadIdentity(privileges);
  setCapabilities(keep);
  setAmbientCapabilities(keep);
  if (privileges.noNewPrivileges ?? true) prctl("SET_NO_NEW_PRIVS", 1);
  ruleset?.restrict();
  // Last, since it may refuse what the steps before it need.
  if (privileges.deniedSyscalls) setThreadFilter(denyFilter(privileges.deniedSyscalls));
}
