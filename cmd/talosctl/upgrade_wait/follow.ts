/** Following an upgrade of one node to its end, over the reboot in it. */
import { type Sight, type Verdict, verdict } from "$lib/upgrade/mod.ts";
import { type WaitOptions, waitUntil } from "../upgrade_k8s/wait.ts";

/** What following an upgrade takes; `look` throws while the node does not answer. */
export interface FollowOptions extends WaitOptions {
  readonly look: () => Promise<Sight>;
  readonly staged: boolean;
}

/** Follows what was asked for at `before`, and says how it ended. @throws {Error} with why it failed */
export async function followUpgrade(
  before: Sight,
  { look, staged, ...options }: FollowOptions,
): Promise<void> {
  const missing = "the node does not answer";
  let end: Verdict = { kind: "waiting", text: missing };
  await waitUntil("the end of the upgrade", async () => {
    const now = await look().catch(() => undefined);
    if (!now) return missing;
    end = verdict(before, now, staged);
    return end.kind === "waiting" ? end.text : undefined;
  }, options);
  const { kind, text }: Verdict = end;
  if (kind === "failed") throw new Error(text);
  options.say(text);
}
