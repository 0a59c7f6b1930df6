import { normalize } from "node:path/posix";
import { Code, ConnectError } from "@connectrpc/connect";

/** The kernel's PATH_MAX, its final zero included. */
const MAX_PATH_BYTES = 4096;

/**
 * `path` without `.`, `..` and trailing slashes.
 * @throws {ConnectError} InvalidArgument unless it is absolute, free of zero bytes and short enough.
 */
export function absolutePath(operation: string, path: string): string {
  const refuse = (state: string) => {
    const shown = path.length > 128 ? `${path.slice(0, 128)}…` : path;
    return new ConnectError(
      `Cannot ${operation} ${JSON.stringify(shown)}: ${state}`,
      Code.InvalidArgument,
    );
  };
  if (!path.startsWith("/")) throw refuse("the path must be absolute");
  if (path.includes("\0")) throw refuse("the path has a zero byte");
  if (new TextEncoder().encode(path).length >= MAX_PATH_BYTES) throw refuse("the path is too long");
  const plain = normalize(path);
  return plain.length > 1 && plain.endsWith("/") ? plain.slice(0, -1) : plain;
}
