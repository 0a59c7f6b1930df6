import assert from "node:assert/strict";
import { CLOCK, clockState, clockTime, setClock, slewClock, stepClock } from "./clock.ts";
import { decodeRtcTime, encodeRtcTime, readHardwareClock, RTC } from "./rtc.ts";
import { lacksPath, layoutTest, rootTest } from "./testing.ts";

layoutTest("clock.ts and rtc.ts", ["time.h", "sys/timex.h", "sys/ioctl.h", "linux/rtc.h"], {
  "CLOCK_REALTIME": CLOCK.REALTIME,
  "CLOCK_MONOTONIC": CLOCK.MONOTONIC,
  "CLOCK_BOOTTIME": CLOCK.BOOTTIME,
  "sizeof(struct timex)": CLOCK.timexSize,
  "offsetof(struct timex, modes)": CLOCK.modes,
  "offsetof(struct timex, offset)": CLOCK.offset,
  "offsetof(struct timex, freq)": CLOCK.frequency,
  "offsetof(struct timex, maxerror)": CLOCK.maxError,
  "offsetof(struct timex, esterror)": CLOCK.estimatedError,
  "offsetof(struct timex, status)": CLOCK.status,
  "offsetof(struct timex, constant)": CLOCK.constant,
  "offsetof(struct timex, time.tv_sec)": CLOCK.timeSeconds,
  "offsetof(struct timex, time.tv_usec)": CLOCK.timeFraction,
  "ADJ_OFFSET": CLOCK.ADJ_OFFSET,
  "ADJ_FREQUENCY": CLOCK.ADJ_FREQUENCY,
  "ADJ_MAXERROR": CLOCK.ADJ_MAXERROR,
  "ADJ_ESTERROR": CLOCK.ADJ_ESTERROR,
  "ADJ_STATUS": CLOCK.ADJ_STATUS,
  "ADJ_TIMECONST": CLOCK.ADJ_TIMECONST,
  "ADJ_SETOFFSET": CLOCK.ADJ_SETOFFSET,
  "ADJ_NANO": CLOCK.ADJ_NANO,
  "STA_PLL": CLOCK.STA_PLL,
  "STA_UNSYNC": CLOCK.STA_UNSYNC,
  "STA_NANO": CLOCK.STA_NANO,
  "TIME_ERROR": CLOCK.TIME_ERROR,
  "sizeof(struct rtc_time)": RTC.size,
  "offsetof(struct rtc_time, tm_sec)": RTC.seconds,
  "offsetof(struct rtc_time, tm_min)": RTC.minutes,
  "offsetof(struct rtc_time, tm_hour)": RTC.hours,
  "offsetof(struct rtc_time, tm_mday)": RTC.day,
  "offsetof(struct rtc_time, tm_mon)": RTC.month,
  "offsetof(struct rtc_time, tm_year)": RTC.year,
  "RTC_RD_TIME": RTC.RTC_RD_TIME,
  "RTC_SET_TIME": RTC.RTC_SET_TIME,
});

Deno.test("clockTime() agrees with the runtime and with /proc/uptime", async () => {
  const difference = Number(clockTime("REALTIME") / 1_000_000n) - Date.now();
  assert.ok(Math.abs(difference) < 1000, String(difference));
  const uptime = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]);
  assert.ok(Math.abs(Number(clockTime("BOOTTIME")) / 1e9 - uptime) < 1);
  assert.ok(clockTime("MONOTONIC") <= clockTime("BOOTTIME"));
});

Deno.test("clockState() reads without rights", () => {
  const state = clockState();
  assert.ok(Math.abs(state.frequencyPpm) <= 500);
  assert.ok(state.maxErrorUs >= 0);
});

// This host's clock is others' too: it is moved by no more than nothing.
rootTest("stepClock() and slewClock() by nothing are taken by the kernel", () => {
  const before = clockTime("REALTIME") - clockTime("BOOTTIME");
  stepClock(0n);
  slewClock(0n);
  const moved = clockTime("REALTIME") - clockTime("BOOTTIME") - before;
  assert.ok(moved < 5_000_000n && moved > -5_000_000n, String(moved));
});

rootTest("setClock() and stepClock() throw EINVAL for a time before 1970", () => {
  assert.throws(() => setClock(-1_000_000_000n), { code: "EINVAL", syscall: "clock_settime" });
  assert.throws(() => stepClock(-(2n ** 61n)), { code: "EINVAL", syscall: "adjtimex" });
});

Deno.test("encodeRtcTime() and decodeRtcTime() keep a date to the second", () => {
  const date = new Date("2024-02-29T23:59:58Z");
  assert.deepEqual(decodeRtcTime(encodeRtcTime(date)), date);
  assert.equal(encodeRtcTime(date).getInt32(RTC.year, true), 124);
  assert.equal(encodeRtcTime(date).getInt32(RTC.month, true), 1);
});

rootTest("readHardwareClock() is near the time of day", () => {
  assert.ok(Math.abs(readHardwareClock().getTime() - Date.now()) < 86_400_000);
}, lacksPath("/dev/rtc0"));
