import { flag, group } from "$lib/cli/mod.ts";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  CA_HOURS,
  createCa,
  createCsr,
  createKey,
  hoursMs,
  keySpki,
  type PemPair,
  sans,
  signCsr,
} from "$lib/pki/mod.ts";
import { readText, SECRET, writeWhole } from "../files.ts";
import { command, type Session } from "../session.ts";

const caCommand = command({
  summary: "Generates a self-signed X.509 certificate authority",
  flags: {
    organization: flag.string("X.509 distinguished name for the Organization", { required: true }),
    hours: flag.int("the hours from now on which the certificate validity period ends", {
      fallback: CA_HOURS,
    }),
    rsa: flag.boolean("generate in RSA format"),
  },
  async run({ organization, hours, rsa }, session: Session) {
    const ca = await createCa({
      kind: rsa ? "rsa-4096" : "ed25519",
      subject: { organization: [organization] },
      now: new Date(),
      lifetimeMs: lifetimeMs(hours),
    });
    await save(session, {
      [`${organization}.crt`]: ca.crt,
      [`${organization}.sha256`]: spkiHash(ca.key),
      [`${organization}.key`]: ca.key,
    });
  },
});

const keyCommand = command({
  summary: "Generates an Ed25519 private key",
  flags: { name: flag.string("the basename of the generated file", { required: true }) },
  async run({ name }, session: Session) {
    await save(session, { [`${name}.key`]: await createKey("ed25519") });
  },
});

const csrCommand = command({
  summary: "Generates a CSR using an Ed25519 private key",
  flags: {
    key: flag.string("path to the PEM encoded EC or RSA PRIVATE KEY", { required: true }),
    ip: flag.string("generate the certificate for this IP address", { required: true }),
  },
  async run({ key, ip }, session: Session) {
    const csr = await createCsr({
      key: await readText(session.host.files, key),
      sans: addressSans(ip),
    });
    await save(session, { [`${key.replace(/\.[^./\\]*$/, "")}.csr`]: csr });
  },
});

const crtCommand = command({
  summary: "Generates an X.509 Ed25519 certificate",
  flags: {
    ca: flag.string("path to the PEM encoded CERTIFICATE", { required: true }),
    csr: flag.string("path to the PEM encoded CERTIFICATE REQUEST", { required: true }),
    name: flag.string("the basename of the generated file", { required: true }),
    hours: flag.int("the hours from now on which the certificate validity period ends", {
      fallback: 24,
    }),
  },
  async run({ ca, csr, name, hours }, session: Session) {
    const { files } = session.host;
    const crt = await signCsr({
      ca: { crt: await readText(files, `${ca}.crt`), key: await readText(files, `${ca}.key`) },
      csr: await readText(files, csr),
      usages: ["serverAuth", "clientAuth"],
      now: new Date(),
      lifetimeMs: lifetimeMs(hours),
    });
    await save(session, { [`${name}.crt`]: crt });
  },
});

const keypairCommand = command({
  summary: "Generates an X.509 Ed25519 key pair",
  flags: {
    organization: flag.string("X.509 distinguished name for the Organization", { required: true }),
    ip: flag.string("generate the certificate for this IP address"),
  },
  async run({ organization, ip }, session: Session) {
    const pair = await keypair(organization, ip);
    await save(session, { [`${organization}.crt`]: pair.crt, [`${organization}.key`]: pair.key });
  },
});

/** `talosctl gen` */
export const genCommand = group<Session>({
  summary: "Generate CAs, certificates, and private keys",
  children: [
    { names: ["ca"], load: () => Promise.resolve(caCommand) },
    {
      names: ["config"],
      load: async () => (await import("./gen_config.ts")).genConfigCommand,
    },
    { names: ["crt"], load: () => Promise.resolve(crtCommand) },
    { names: ["csr"], load: () => Promise.resolve(csrCommand) },
    { names: ["key"], load: () => Promise.resolve(keyCommand) },
    { names: ["keypair"], load: () => Promise.resolve(keypairCommand) },
  ],
});

/** A self-signed certificate and its key; with an address it speaks for that address. */
async function keypair(organization: string, ip: string): Promise<PemPair> {
  const subject = { organization: [organization] };
  const now = new Date();
  const pair = await createCa({ kind: "ed25519", subject, now });
  if (ip === "") return pair;
  // The same key signs a request of its own: a CA certificate has no place for addresses.
  const csr = await createCsr({ key: pair.key, subject, sans: addressSans(ip) });
  const crt = await signCsr({
    ca: pair,
    csr,
    usages: ["serverAuth", "clientAuth"],
    now,
    lifetimeMs: hoursMs(CA_HOURS),
  });
  return { crt, key: pair.key };
}

function addressSans(ip: string): ReturnType<typeof sans> {
  const names = sans([ip]);
  if (names.ips.length === 0) throw new Error(`invalid IP: "${ip}"`);
  return names;
}

function lifetimeMs(hours: number): number {
  if (hours <= 0) throw new Error(`Cannot issue a certificate for ${hours} hours`);
  return hoursMs(hours);
}

/** SHA-256 over the public key, the form in which it is pinned. */
function spkiHash(key: string): string {
  return `sha256:${createHash("sha256").update(Buffer.from(keySpki(key))).digest("hex")}`;
}

async function save(session: Session, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await writeWhole(session.host.files, path, text, SECRET);
  }
}
