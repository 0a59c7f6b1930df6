import { always, object, type ObjectNode, scalar, type Value } from "./builder.ts";
import { base64 } from "./scalars.ts";

/** How example certificates and keys are shown: cut off, so that nobody uses them. */
export const EXAMPLE_PEM = {
  crt: "-----BEGIN CERTIFICATE-----\nMIIBszCC...\n",
  key: "-----BEGIN ED25519 PRIVATE KEY-----\nMC4CAQ...\n",
} as const;

/** A certificate and its private key; PEM text in memory, base64 in the file. */
export const pemPair = object("PEMPair", "A certificate and its private key, PEM in base64.", {
  crt: always(scalar(base64), { doc: "The certificate." }),
  key: always(scalar(base64), {
    doc: "The private key; empty where only the certificate is known.",
    secret: true,
  }),
});

/** A private key alone; PEM text in memory, base64 in the file. */
export const pemKey = object("PEMKey", "A private key, PEM in base64.", {
  key: always(scalar(base64), { doc: "The private key.", secret: true }),
});

/** A certificate and its private key as PEM text, either possibly empty. */
export type PemValue = Value<typeof pemPair>;

/** The nodes that hold PEM in base64: an editor may show them folded. */
export const PEM_NODES: readonly ObjectNode[] = [pemPair, pemKey];
