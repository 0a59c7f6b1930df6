import assert from "node:assert/strict";
import { MS, UMOUNT, unmount } from "./mount.ts";
import { inOwnProcess, lacksProgram, layoutTest, rootTest } from "./testing.ts";

layoutTest(
  "mount.ts MS",
  ["sys/mount.h", "linux/mount.h"],
  {
    ...Object.fromEntries(Object.entries(MS).map(([name, value]) => [`MS_${name}`, value])),
    MNT_FORCE: UMOUNT.FORCE,
    MNT_DETACH: UMOUNT.DETACH,
    MNT_EXPIRE: UMOUNT.EXPIRE,
    UMOUNT_NOFOLLOW: UMOUNT.NOFOLLOW,
  },
);

/** Each script runs in a mount namespace that ends with it, so this host's mounts stay as they are. */
function mountTest(name: string, script: string, want: unknown): void {
  const run = async () => {
    const dir = await Deno.makeTempDir({ prefix: "mount-" });
    try {
      const head = `import { bindMount, moveMount, moveRoot, mount, MS, remount, setPropagation,
        unmount, whileMounted } from "$ffi/mount.ts";
        const dir = ${JSON.stringify(dir)};
        const mounts = () => Deno.readTextFileSync("/proc/self/mountinfo").split("\\n")
          .map((line) => line.split(" ")).filter((f) => f[4]?.startsWith(dir));
        const tmpfs = (target: string, flags = 0, data = "") => {
          Deno.mkdirSync(target, { recursive: true });
          mount({ source: "tmpfs", target, type: "tmpfs", flags, data });
        };
        const code = (fn: () => void) => { try { fn(); return "done"; }
          catch (e) { return (e as { code?: string }).code; } };
        const say = (value: unknown) => console.log(JSON.stringify(value));\n`;
      assert.deepEqual(await inOwnProcess(head + script, ["unshare", "--mount"]), want);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  };
  rootTest(name, run, lacksProgram("unshare"));
}

mountTest(
  "mount() passes flags and data to the filesystem, unmount() takes it away",
  `tmpfs(dir, MS.NOSUID | MS.NODEV | MS.NOEXEC, "size=64k,mode=0750");
   const [at] = mounts();
   const mode = Deno.statSync(dir).mode! & 0o777;
   unmount(dir);
   say({ flags: at?.[5], size: at?.at(-1)?.includes("size=64k"), mode, left: mounts().length });`,
  { flags: "rw,nosuid,nodev,noexec,relatime", size: true, mode: 0o750, left: 0 },
);

mountTest(
  "whileMounted() unmounts at the end, and tells what its work failed with, whatever that left open",
  `const request = { source: "tmpfs", target: dir, type: "tmpfs" };
   const given = await whileMounted(request, async () => "given");
   const failure = await whileMounted(request, async () => {
     await Deno.open(dir + "/file", { write: true, create: true });
     throw new Error("full");
   }).catch((error) => error.message);
   say({ given, failure, left: mounts().length });`,
  { given: "given", failure: "full", left: 0 },
);

mountTest(
  "mount() throws ENODEV for a filesystem that the kernel does not know",
  `say(code(() => mount({ source: "x", target: dir, type: "nosuchfs" })));`,
  "ENODEV",
);

mountTest(
  "bindMount() with flags is read-only at the target alone",
  `tmpfs(dir + "/a"); Deno.mkdirSync(dir + "/b");
   bindMount(dir + "/a", dir + "/b", { flags: MS.RDONLY | MS.NOSUID });
   Deno.writeTextFileSync(dir + "/a/file", "seen");
   const refused = code(() => Deno.writeTextFileSync(dir + "/b/other", ""));
   say({ text: Deno.readTextFileSync(dir + "/b/file"), refused });`,
  { text: "seen", refused: "EROFS" },
);

mountTest(
  "bindMount() recursive takes mounts below along",
  `tmpfs(dir + "/a"); tmpfs(dir + "/a/sub"); Deno.writeTextFileSync(dir + "/a/sub/f", "x");
   tmpfs(dir + "/b"); tmpfs(dir + "/c");
   bindMount(dir + "/a", dir + "/b"); bindMount(dir + "/a", dir + "/c", { recursive: true });
   const files = (d: string) => [...Deno.readDirSync(d)].map((e) => e.name);
   say({ plain: files(dir + "/b/sub"), recursive: files(dir + "/c/sub") });`,
  { plain: [], recursive: ["f"] },
);

mountTest(
  "remount() makes a mount read-only",
  `tmpfs(dir); remount(dir, MS.RDONLY); say(code(() => Deno.writeTextFileSync(dir + "/f", "")));`,
  "EROFS",
);

mountTest(
  "setPropagation() shows in mountinfo",
  `tmpfs(dir); const tag = () => mounts()[0]?.[6]?.replace(/:.*/, "");
   setPropagation(dir, "shared"); const shared = tag();
   setPropagation(dir, "private", { recursive: true }); say({ shared, private: tag() });`,
  { shared: "shared", private: "-" },
);

mountTest(
  "moveMount() keeps the files and frees the old place",
  `tmpfs(dir + "/a"); Deno.writeTextFileSync(dir + "/a/f", "x"); Deno.mkdirSync(dir + "/b");
   moveMount(dir + "/a", dir + "/b");
   say({ places: mounts().map((m) => m[4]!.slice(dir.length)),
     text: Deno.readTextFileSync(dir + "/b/f") });`,
  { places: ["/b"], text: "x" },
);

mountTest(
  "moveRoot() makes the new mount the root for sync and async calls",
  `tmpfs(dir); Deno.writeTextFileSync(dir + "/only", "here");
   moveRoot(dir);
   const names = [...Deno.readDirSync("/")].map((entry) => entry.name);
   say({ names, cwd: Deno.cwd(), text: await Deno.readTextFile("/only") });`,
  { names: ["only"], cwd: "/", text: "here" },
);

mountTest(
  "unmount() throws EBUSY while a file is open, and detaches with UMOUNT.DETACH",
  `const { UMOUNT } = await import("$ffi/mount.ts");
   tmpfs(dir); const file = Deno.openSync(dir + "/f", { write: true, create: true });
   const busy = code(() => unmount(dir)); unmount(dir, UMOUNT.DETACH); file.close();
   say({ busy, left: mounts().length });`,
  { busy: "EBUSY", left: 0 },
);

Deno.test("unmount() throws with the path when nothing is mounted there", () => {
  assert.throws(() => unmount("/nowhere"), { syscall: "umount2", subject: "/nowhere" });
});
