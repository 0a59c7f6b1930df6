import { HttpFault } from "$lib/secure_http/mod.ts";

/** A refusal of the API server; `reason` is its own word for it: `NotFound`, `Conflict`. */
export class KubeError extends Error {
  override readonly name = "KubeError";

  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What `call` gives; a refusal becomes a KubeError that says `what` was wanted. */
export async function refusing<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof HttpFault)) throw error;
    const { reason, message } = statusOf(error);
    throw new KubeError(error.status, reason, `Cannot ${what}: ${message}`, { cause: error });
  }
}

/** Whether the API server refused for this reason. */
export function isRefusal(error: unknown, reason: string): boolean {
  return error instanceof KubeError && error.reason === reason;
}

function statusOf({ status, body }: HttpFault): { reason: string; message: string } {
  try {
    const { reason, message } = JSON.parse(body) as Record<string, unknown>;
    return {
      reason: typeof reason === "string" ? reason : "",
      message: typeof message === "string" ? message : `status ${status}`,
    };
  } catch {
    return { reason: "", message: `status ${status} ${body.slice(0, 200)}`.trim() };
  }
}
