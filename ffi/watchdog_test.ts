import assert from "node:assert/strict";
import { layoutTest } from "./testing.ts";
import { WATCHDOG, Watchdog } from "./watchdog.ts";

// Arming this host's own watchdog could restart it: the boot tests do that in a machine of theirs.
layoutTest("watchdog.ts WATCHDOG", ["linux/watchdog.h"], {
  "WDIOC_GETSUPPORT": WATCHDOG.WDIOC_GETSUPPORT,
  "WDIOC_KEEPALIVE": WATCHDOG.WDIOC_KEEPALIVE,
  "WDIOC_SETTIMEOUT": WATCHDOG.WDIOC_SETTIMEOUT,
  "WDIOC_GETTIMEOUT": WATCHDOG.WDIOC_GETTIMEOUT,
  "sizeof(struct watchdog_info)": WATCHDOG.infoSize,
  "offsetof(struct watchdog_info, identity)": WATCHDOG.identity,
  "sizeof(((struct watchdog_info *)0)->identity)": WATCHDOG.identitySize,
});

Deno.test("Watchdog.arm() throws ENOENT where there is none", () => {
  assert.throws(() => Watchdog.arm("/dev/nowhere"), { code: "ENOENT", subject: "/dev/nowhere" });
});

Deno.test("Watchdog throws ENOTTY for a file that is no watchdog", async () => {
  const path = await Deno.makeTempFile();
  using watchdog = Watchdog.arm(path);
  assert.throws(() => watchdog.feed(), { syscall: "ioctl WDIOC_KEEPALIVE", code: "ENOTTY" });
  watchdog.disarm();
  assert.equal(await Deno.readTextFile(path), "V");
  await Deno.remove(path);
});
