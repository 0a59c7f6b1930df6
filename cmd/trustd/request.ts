/** What a node that asks for a certificate gets, and what it does not. */
import { Code, ConnectError } from "@connectrpc/connect";
import { covers, type CsrInfo, type Sans, sans, type Subject } from "$lib/pki/mod.ts";

/** What is signed for a request. */
export interface Grant {
  readonly subject: Subject;
  readonly sans: Sans;
  /** Names that were asked for and are the control plane's own. */
  readonly withheld: readonly string[];
}

/** Names in one certificate: a node has some addresses, not hundreds. */
const MAX_NAMES = 64;
/** What X.509 allows of a common name. */
const MAX_COMMON_NAME = 64;
/** Every machine may call itself this. */
const LOOPBACK = sans(["127.0.0.1", "::1", "localhost"]);

/**
 * Decides on a request. A node gets a certificate for its own names: none that an organization would
 * give rights to, and none for a name of the control plane, as which it could then pose.
 *
 * @throws {ConnectError} that says what may not be asked for
 */
export function grantOf(asked: Pick<CsrInfo, "subject" | "sans">, reserved: Sans): Grant {
  const [organization] = asked.subject.organization ?? [];
  if (organization !== undefined) {
    throw new ConnectError(
      `Cannot sign request: it asks for the organization "${shown(organization)}", ` +
        "and nodes get none",
      Code.PermissionDenied,
    );
  }
  const names = [...asked.sans.ips, ...asked.sans.dns];
  if (names.length === 0 || names.length > MAX_NAMES) {
    throw invalid(`it is for ${names.length} names, one to ${MAX_NAMES} may be asked for`);
  }
  const wildcard = asked.sans.dns.find((name) => name.includes("*"));
  if (wildcard !== undefined) throw invalid(`"${shown(wildcard)}" stands for any name`);
  const isWithheld = (name: string) => covers(reserved, name) && !covers(LOOPBACK, name);
  const own = namesOf(names.filter((name) => !isWithheld(name)));
  const { commonName = "" } = asked.subject;
  const called = commonName !== "" && !isWithheld(commonName) ? commonName : undefined;
  return {
    subject: {
      commonName: (called ?? own.dns[0] ?? own.ips[0] ?? "node").slice(0, MAX_COMMON_NAME),
    },
    sans: own,
    withheld: names.filter(isWithheld),
  };
}

function namesOf(names: readonly string[]): Sans {
  if (names.length === 0) {
    throw new ConnectError(
      "Cannot sign request: all of its names are those of the control plane",
      Code.PermissionDenied,
    );
  }
  try {
    return sans(names);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(why: string): ConnectError {
  return new ConnectError(`Cannot sign request: ${why}`, Code.InvalidArgument);
}

/** Foreign text, short and without what a terminal acts on. */
function shown(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, "?");
}
