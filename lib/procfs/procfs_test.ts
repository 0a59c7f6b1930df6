import assert from "node:assert/strict";
import {
  mountOf,
  parseCmdline,
  parseCpuinfo,
  parseDiskstats,
  parseLoadavg,
  parseMeminfo,
  parseMountinfo,
  parseMounts,
  parseNetDev,
  parseProcessStat,
  parseProcessStatus,
  parseStat,
  totalDiskstats,
  totalNetDev,
} from "./mod.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const proc = (path: string): string => Deno.readTextFileSync(`/proc/${path}`);

Deno.test("parseMeminfo() reads a captured text by the API's names", () => {
  const info = parseMeminfo(
    "MemTotal:       2029536 kB\nMemFree:         1719308 kB\nActive(anon):        512 kB\n" +
      "NFS_Unstable:          7 kB\nHugePages_Total:       3\nHugepagesize:       2048 kB\n" +
      "DirectMap4k:       69484 kB\nSecPageTables: 5 kB\nVmallocTotal:   34359738367 kB\n",
  );
  assert.equal(info.memtotal, 2029536n);
  assert.equal(info.memfree, 1719308n);
  assert.equal(info.activeanon, 512n);
  assert.equal(info.nfsunstable, 7n);
  assert.equal(info.hugepagestotal, 3n);
  assert.equal(info.hugepagesize, 2048n);
  assert.equal(info.directmap4k, 69484n);
  assert.equal(info.vmalloctotal, 34359738367n);
  assert.equal(info.swaptotal, 0n);
});

Deno.test("parseMeminfo() agrees with the machine's own count", linux, () => {
  const info = parseMeminfo(proc("meminfo"));
  assert.equal(Number(info.memtotal) * 1024, Deno.systemMemoryInfo().total);
  assert.ok(info.memavailable > 0n && info.memavailable <= info.memtotal);
});

Deno.test("parseLoadavg() reads a captured text and the machine's", linux, () => {
  assert.deepEqual(parseLoadavg("0.52 0.58 12.59 1/389 1234\n"), {
    load1: 0.52,
    load5: 0.58,
    load15: 12.59,
  });
  assert.ok(Math.abs(parseLoadavg(proc("loadavg")).load15 - Deno.loadavg()[2]!) < 1);
});

Deno.test("parseCpuinfo() reads x86, arm64 and the machine's text", linux, () => {
  const [x86, second] = parseCpuinfo(
    "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 15\nmodel name\t: QEMU: x\n" +
      "cpu MHz\t\t: 2000.123\nflags\t\t: fpu de  pse\nbogomips\t: 4000.24\npower management:\n\n" +
      "processor\t: 1\ncpuid level\t: 13\n",
  );
  assert.equal(x86?.vendorId, "AuthenticAMD");
  assert.equal(x86?.modelName, "QEMU: x");
  assert.equal(x86?.cpuMhz, 2000.123);
  assert.deepEqual(x86?.flags, ["fpu", "de", "pse"]);
  assert.equal(second?.processor, 1);
  assert.equal(second?.cpuIdLevel, 13);
  const [arm] = parseCpuinfo("processor\t: 0\nBogoMIPS\t: 125.00\nFeatures\t: fp asimd\n");
  assert.deepEqual([arm?.bogoMips, arm?.flags], [125, ["fp", "asimd"]]);
  assert.equal(parseCpuinfo(proc("cpuinfo")).length, navigator.hardwareConcurrency);
});

Deno.test("parseStat() turns ticks into seconds and keeps every interrupt", linux, () => {
  const stat = parseStat(
    "cpu  32746 0 4968 290883 870 0 220 1996 1 2\ncpu0 16673 0 2523 144887 662 0 82 1029 0 0\n" +
      "cpu1 1 0 0 0 0 0 0 0 0 0\nintr 633121 5 0 9\nctxt 991297\nbtime 1795469038\n" +
      "processes 14638\nprocs_running 2\nprocs_blocked 1\n" +
      "softirq 314342 1 35099 6 24395 85570 2 23 96261 50 72938\n",
  );
  assert.equal(stat.cpuTotal.user, 327.46);
  assert.equal(stat.cpuTotal.guestNice, 0.02);
  assert.equal(stat.cpu.length, 2);
  assert.equal(stat.irqTotal, 633121n);
  assert.deepEqual(stat.irq, [5n, 0n, 9n]);
  assert.equal(stat.bootTime, 1795469038n);
  assert.equal(stat.contextSwitches, 991297n);
  assert.deepEqual([stat.processCreated, stat.processRunning, stat.processBlocked], [
    14638n,
    2n,
    1n,
  ]);
  assert.equal(stat.softIrqTotal, 314342n);
  assert.deepEqual([stat.softIrq.hi, stat.softIrq.sched, stat.softIrq.rcu], [1n, 96261n, 72938n]);
  const own = parseStat(proc("stat"));
  assert.equal(own.cpu.length, navigator.hardwareConcurrency);
  assert.ok(Number(own.bootTime) < Date.now() / 1000);
});

Deno.test("parseDiskstats() reads 11, 15 and 17 counters and sums them", () => {
  const devices = parseDiskstats(
    " 254       0 vda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n" +
      "   8       0 sda 1 1 1 1 1 1 1 1 1 1 1\n garbled line\n",
  );
  assert.deepEqual(devices.map((d) => d.name), ["vda", "sda"]);
  assert.equal(devices[0]?.discardTimeMs, 15n);
  assert.equal(devices[1]?.discardTimeMs, 0n);
  const total = totalDiskstats(devices);
  assert.equal(total.readCompleted, 2n);
  assert.equal(total.ioTimeWeightedMs, 12n);
});

Deno.test("parseNetDev() reads names with and without a blank after the colon", linux, () => {
  const devices = parseNetDev(
    "Inter-|   Receive    |  Transmit\n face |bytes    packets|bytes\n" +
      "    lo: 10 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n  eth0:30 3 0 0 0 0 0 5 40 4 0 0 0 6 7 8\n",
  );
  assert.deepEqual(devices.map((d) => d.name), ["lo", "eth0"]);
  assert.deepEqual([devices[1]?.rxMulticast, devices[1]?.txCompressed], [5n, 8n]);
  assert.equal(totalNetDev(devices).rxBytes, 40n);
  assert.ok(parseNetDev(proc("net/dev")).some((d) => d.name === "lo"));
});

Deno.test("parseMounts() decodes escaped blanks and finds the root", linux, () => {
  const [entry] = parseMounts("/dev/dm-0 /a\\040b\\134c squashfs ro,nodev 0 0\n");
  assert.deepEqual(entry, {
    source: "/dev/dm-0",
    target: "/a b\\c",
    type: "squashfs",
    options: ["ro", "nodev"],
  });
  assert.ok(parseMounts(proc("mounts")).some((mount) => mount.target === "/"));
});

Deno.test("mountOf() picks the last of the longest mounts over a path", linux, () => {
  const mounts = parseMountinfo(
    "22 1 253:0 / / ro - squashfs /dev/dm-0 ro\n" +
      "23 22 0:21 / /proc rw,nosuid shared:1 - proc proc rw\n" +
      "24 22 0:22 / /a\\040b rw - tmpfs tmpfs rw\n" +
      "25 22 0:21 /1/net /a\\040b rw master:1 propagate_from:2 - proc proc rw\ngarbled - x\n",
  );
  assert.equal(mounts.length, 4);
  assert.equal(mountOf("/etc/hosts", mounts)?.type, "squashfs");
  assert.equal(mountOf("/proc/kmsg", mounts)?.type, "proc");
  assert.equal(mountOf("/procedure", mounts)?.type, "squashfs");
  assert.deepEqual(mountOf("/a b/x", mounts), { root: "/1/net", target: "/a b", type: "proc" });
  assert.equal(mountOf("/", []), undefined);
  assert.equal(mountOf("/proc/self/status", parseMountinfo(proc("self/mountinfo")))?.type, "proc");
});

Deno.test(
  "parseProcessStat() survives a command that looks like the rest of the line",
  linux,
  () => {
    const rest =
      "S 1 2 3 0 -1 4194304 99 0 0 0 150 50 0 0 20 0 7 0 165464 3133440 380 18446744073709551615";
    const stat = parseProcessStat(`42 (a) R 9 (b) ${rest}`);
    assert.deepEqual(stat, {
      pid: 42,
      command: "a) R 9 (b",
      state: "S",
      ppid: 1,
      threads: 7,
      cpuTime: 2,
      virtualBytes: 3133440n,
      residentPages: 380n,
    });
    const own = parseProcessStat(proc("self/stat"));
    assert.equal(own?.pid, Deno.pid);
    assert.equal(own?.ppid, Deno.ppid);
    const status = parseProcessStatus(proc("self/status"));
    assert.equal(status.get("Pid"), String(Deno.pid));
    assert.equal(Number(status.get("Threads")), own?.threads);
  },
);

Deno.test("parseCmdline() splits at zero bytes and keeps empty arguments", linux, () => {
  assert.deepEqual(parseCmdline("a\0\0c\0"), ["a", "", "c"]);
  assert.deepEqual(parseCmdline(""), []);
  assert.ok(parseCmdline(proc("self/cmdline")).includes("test"));
});

const PARSERS = {
  meminfo: parseMeminfo,
  loadavg: parseLoadavg,
  cpuinfo: parseCpuinfo,
  stat: parseStat,
  diskstats: parseDiskstats,
  "net/dev": parseNetDev,
  mounts: parseMounts,
  "self/mountinfo": parseMountinfo,
  "self/stat": parseProcessStat,
  "self/status": parseProcessStatus,
  "self/cmdline": parseCmdline,
};

for (const [path, parse] of Object.entries(PARSERS)) {
  Deno.test(
    `/proc/${path} may be cut, doubled or garbled without its parser throwing`,
    linux,
    () => {
      const text = proc(path).slice(0, 20_000);
      let seed = 1;
      const random = (limit: number) => {
        seed = (seed * 48271) % 2147483647;
        return seed % limit;
      };
      for (let round = 0; round < 300; round++) {
        const chars = [...text.slice(random(text.length))];
        for (let i = 0; i < 20; i++) {
          chars[random(chars.length)] = String.fromCharCode(random(round % 2 ? 128 : 65_536));
        }
        parse(chars.join(""));
      }
      for (
        const odd of ["", "\n\n", ":", "(", ")", "__proto__: 1", "constructor : x", "\0", "cpu"]
      ) {
        parse(odd);
      }
    },
  );
}
