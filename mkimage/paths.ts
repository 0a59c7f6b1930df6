import { dirname, join } from "node:path";

/** The checkout this builder is part of. */
export const ROOT = dirname(import.meta.dirname ?? ".");
/** What builds leave behind. */
export const DIST = join(ROOT, "dist");
/** Downloads and keys; never committed. */
export const CACHE = Deno.env.get("MKIMAGE_CACHE") ?? join(ROOT, ".cache");
/** The committed record of every package that goes into an image. */
export const LOCK_FILE = join(ROOT, "mkimage", "packages.lock.json");
/** The development signing key, made on first use. */
export const KEY_DIR = join(CACHE, "keys");
