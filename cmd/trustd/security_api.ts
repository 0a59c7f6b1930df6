import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { inspectCertificate, readCsr, type Sans, signCsr } from "$lib/pki/mod.ts";
import type { SecurityService } from "$proto/security/security_pb.ts";
import type { PkiFiles } from "./files.ts";
import { grantOf } from "./request.ts";
import type { Settings } from "./settings.ts";

/** What the service works with; read at each call, so that new settings hold at once. */
export interface SecurityDeps {
  readonly settings: () => Settings;
  readonly reserved: () => Sans;
  readonly files: PkiFiles;
  readonly now: () => Date;
  readonly log: (line: string) => void;
}

/** securityapi.SecurityService, for nodes that have shown the token. */
export function securityApi(deps: SecurityDeps): ServiceImpl<typeof SecurityService> {
  const { settings, reserved, files, now, log } = deps;
  return {
    async certificate({ csr }) {
      const pem = new TextDecoder().decode(csr);
      const asked = await readable(pem);
      const { subject, sans, withheld } = grantOf(asked, reserved());
      const { ca, lifetimeMs } = settings();
      // For servers only: with a certificate for clients a node could command every other one.
      const issuance = { ca, usages: ["serverAuth"], now: now(), lifetimeMs } as const;
      const crt = await signCsr({ ...issuance, csr: pem, subject, sans });
      const { notAfter } = inspectCertificate(crt);
      log(
        `signed a certificate for ${[...sans.ips, ...sans.dns].join(", ")}, valid until ` +
          `${notAfter.toISOString()}` +
          (withheld.length === 0
            ? ""
            : `; without names of the control plane: ${withheld.join(", ")}`),
      );
      const text = new TextEncoder();
      return { ca: text.encode(ca.crt), crt: text.encode(crt) };
    },
    readFile: async ({ path }) => ({ data: await files.read(path) }),
    async writeFile({ path, data }) {
      await files.write(path, data);
      log(`kept ${path}`);
      return {};
    },
  };
}

async function readable(pem: string): Promise<Awaited<ReturnType<typeof readCsr>>> {
  try {
    return await readCsr(pem);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectError(reason, Code.InvalidArgument, undefined, undefined, cause);
  }
}
