import { SYS } from "./libc.ts";
import { layoutTest } from "./testing.ts";

layoutTest(
  "libc.ts SYS",
  ["sys/syscall.h"],
  Object.fromEntries(Object.entries(SYS).map(([name, n]) => [`SYS_${name}`, Number(n)])),
);
