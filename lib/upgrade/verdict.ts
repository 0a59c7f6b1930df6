/** Whether an upgrade is over, told from what a node says of its releases before and after. */
import type { Sight } from "./sight.ts";

/** How an upgrade stands, in words. */
export interface Verdict {
  readonly kind: "waiting" | "done" | "failed";
  readonly text: string;
}

/** What `now` says of an upgrade that was asked for at `before`; a staged one begins with a reboot. */
export function verdict(before: Sight, now: Sight, staged: boolean): Verdict {
  const release = `${now.version} in slot ${now.slot}`;
  if (now.state === "trial") return { kind: "waiting", text: `${release} is on trial` };
  if (now.slot !== before.slot) return { kind: "done", text: `${release} is permanent` };
  // After the first reboot of a staged upgrade this is the one before that.
  const old = staged && now.message === before.message;
  if (now.bootId !== before.bootId && now.message !== "" && !old) {
    return { kind: "failed", text: now.message };
  }
  return { kind: "waiting", text: `${release} runs still` };
}
