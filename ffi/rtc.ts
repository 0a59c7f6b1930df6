/**
 * The hardware clock, which keeps UTC while the machine is off.
 *
 * @module
 */
import { Fd } from "./fd.ts";

/** Byte offsets in struct rtc_time, and its ioctl requests. */
export const RTC = {
  size: 36,
  seconds: 0,
  minutes: 4,
  hours: 8,
  day: 12,
  month: 16,
  year: 20,
  RTC_RD_TIME: 0x80247009,
  RTC_SET_TIME: 0x4024700a,
} as const;

/** The time of the hardware clock at `path`, taken as UTC. @throws {SyscallError} ENOENT, EINVAL. */
export function readHardwareClock(path = "/dev/rtc0"): Date {
  using device = Fd.open(path);
  const time = new DataView(new ArrayBuffer(RTC.size));
  device.ioctl("RTC_RD_TIME", RTC.RTC_RD_TIME, time);
  return decodeRtcTime(time);
}

/** Sets the hardware clock at `path` to `date` in UTC. @throws {SyscallError} ENOENT, EACCES. */
export function setHardwareClock(date: Date, path = "/dev/rtc0"): void {
  using device = Fd.open(path);
  device.ioctl("RTC_SET_TIME", RTC.RTC_SET_TIME, encodeRtcTime(date));
}

/** `date` as struct rtc_time: months from 0, years from 1900. */
export function encodeRtcTime(date: Date): DataView<ArrayBuffer> {
  const time = new DataView(new ArrayBuffer(RTC.size));
  time.setInt32(RTC.seconds, date.getUTCSeconds(), true);
  time.setInt32(RTC.minutes, date.getUTCMinutes(), true);
  time.setInt32(RTC.hours, date.getUTCHours(), true);
  time.setInt32(RTC.day, date.getUTCDate(), true);
  time.setInt32(RTC.month, date.getUTCMonth(), true);
  time.setInt32(RTC.year, date.getUTCFullYear() - 1900, true);
  return time;
}

/** The date in struct rtc_time. */
export function decodeRtcTime(time: DataView<ArrayBuffer>): Date {
  const field = (offset: number) => time.getInt32(offset, true);
  return new Date(Date.UTC(
    field(RTC.year) + 1900,
    field(RTC.month),
    field(RTC.day),
    field(RTC.hours),
    field(RTC.minutes),
    field(RTC.seconds),
  ));
}
