/** The words of a line. */
export function words(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== "");
}

/** A 64-bit counter; 0 where the text is no such number. */
export function u64(text: string | undefined): bigint {
  return text !== undefined && /^\d{1,20}$/.test(text) ? BigInt.asUintN(64, BigInt(text)) : 0n;
}

/** A 32-bit counter; 0 where the text is no such number. */
export function u32(text: string | undefined): number {
  const value = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value <= 0xffffffff ? value : 0;
}

/** A decimal number; 0 where the text is no such number. */
export function decimal(text: string | undefined): number {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
}

/** Kernel ticks as seconds: USER_HZ is 100 on every architecture we run on. */
export function ticks(text: string | undefined): number {
  return decimal(text) / 100;
}
