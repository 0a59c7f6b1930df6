import { createCa, hoursMs, issueClientLeaf, issueLeaf, type PemPair } from "$lib/pki/mod.ts";

/** What a client shows of itself; nothing at all without a pair. */
export interface BadCredentials {
  readonly label: string;
  readonly pair?: PemPair;
}

/** An admin's certificate under `ca`, valid for an hour. */
export function adminOf(ca: PemPair): Promise<PemPair> {
  const subject = { organization: ["os:admin"] };
  return issueClientLeaf({ ca, subject, now: new Date(), lifetimeMs: hoursMs(1) });
}

/** Every kind of client certificate that a node with this CA has to turn away. */
export async function badCredentials(ca: PemPair): Promise<BadCredentials[]> {
  const now = new Date();
  const at = (hours: number): Date => new Date(now.getTime() + hoursMs(hours));
  const subject = { organization: ["os:admin"] };
  const lifetimeMs = hoursMs(1);
  // The same name as the node's CA: only the signature tells them apart.
  const other = await createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now });
  // A CA may be minutes old, and no leaf begins before it: this one was valid for a second.
  return [
    { label: "no certificate" },
    { label: "another CA", pair: await adminOf(other) },
    { label: "a CA as its own client", pair: other },
    {
      label: "expired",
      pair: await issueClientLeaf({
        ca,
        subject,
        now: new Date(now.getTime() - 3_000),
        lifetimeMs: 1_000,
      }),
    },
    {
      label: "not yet valid",
      pair: await issueClientLeaf({ ca, subject, now: at(24), lifetimeMs }),
    },
    {
      label: "server only",
      pair: await issueLeaf({
        ca,
        subject,
        kind: "ed25519",
        usages: ["serverAuth"],
        now,
        lifetimeMs,
      }),
    },
  ];
}

/** Writes a pair as files and gives the options that name them. */
export async function credentialOptions(
  dir: string,
  ca: string,
  pair: PemPair | undefined,
): Promise<string[]> {
  const put = async (name: string, text: string): Promise<string> => {
    const path = `${dir}/${crypto.randomUUID()}-${name}`;
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    return path;
  };
  const options = ["--ca", await put("ca.crt", ca)];
  if (!pair) return options;
  const crt = await put("client.crt", pair.crt);
  return [...options, "--crt", crt, "--key", await put("client.key", pair.key)];
}
