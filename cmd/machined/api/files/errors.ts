import { Code, ConnectError } from "@connectrpc/connect";

/** What each error code of the system means to a caller. */
const SYSTEM_ERRORS: Record<string, [Code, string]> = {
  ENOENT: [Code.NotFound, "no such file or directory"],
  ENOTDIR: [Code.NotFound, "a part of the path is not a directory"],
  ENAMETOOLONG: [Code.InvalidArgument, "the path or a part of it is too long"],
  ELOOP: [Code.InvalidArgument, "too many symbolic links"],
  EACCES: [Code.PermissionDenied, "permission denied"],
  EPERM: [Code.PermissionDenied, "operation not permitted"],
  EISDIR: [Code.InvalidArgument, "it is a directory"],
  EIO: [Code.DataLoss, "input/output error"],
  EINVAL: [Code.InvalidArgument, "the kernel refuses it"],
  EAGAIN: [Code.Unavailable, "it has nothing to read now"],
  ENXIO: [Code.Unavailable, "its device is gone"],
  ESTALE: [Code.Unavailable, "its file server forgot it"],
};

/** `error` as a status a caller can act on: `Cannot read "/x": no such file or directory`. */
export function fileError(operation: string, path: string, error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const name = (error as { code?: unknown } | null)?.code;
  const [code, text] = SYSTEM_ERRORS[String(name)] ?? [Code.Unknown, String(name ?? error)];
  return new ConnectError(
    `Cannot ${operation} "${path}": ${text}`,
    code,
    undefined,
    undefined,
    error,
  );
}

/** The part of `error` that belongs into an entry's error field. */
export function errorText(operation: string, path: string, error: unknown): string {
  return fileError(operation, path, error).rawMessage;
}
