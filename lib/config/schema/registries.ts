import { always, list, map, object, optional, scalar } from "./builder.ts";
import { EXAMPLE_PEM, pemPair } from "./pem.ts";
import { base64, bool, text } from "./scalars.ts";

const mirror = object("RegistryMirrorConfig", "Where the images of a registry are fetched.", {
  endpoints: always(list(scalar(text)), {
    doc: "The URLs of the mirrors, tried in this order.",
    examples: [{ value: ["https://registry.local", "https://ghcr.io/v2/"] }],
  }),
});

const registryTls = object("RegistryTLSConfig", "How a registry's TLS is done.", {
  clientIdentity: optional(pemPair, {
    doc: "The certificate and key shown to the registry.",
    examples: [{ value: EXAMPLE_PEM }],
  }),
  ca: optional(scalar(base64), {
    doc: "A CA to trust besides the well-known ones: PEM in base64.",
  }),
  insecureSkipVerify: optional(scalar(bool), {
    doc: "Takes any certificate of the registry for good (not recommended).",
    default: "false",
  }),
});

const registryAuth = object("RegistryAuthConfig", "How to log in to a registry.", {
  username: optional(scalar(text), { doc: "The user's name." }),
  password: optional(scalar(text), { doc: "The user's password.", secret: true }),
  auth: optional(scalar(text), {
    doc: "User and password in one, as in `.docker/config.json`.",
    secret: true,
  }),
  identityToken: optional(scalar(text), {
    doc: "A token, as in `.docker/config.json`.",
    secret: true,
  }),
});

const registry = object("RegistryConfig", "How a registry is spoken to.", {
  tls: optional(registryTls, {
    doc: "How the registry's TLS is done.",
    examples: [{ value: { insecureSkipVerify: true } }],
  }),
  auth: optional(registryAuth, {
    doc: "How to log in to the registry.",
    examples: [{ value: { username: "username", password: "password" } }],
  }),
});

/** `machine.registries`. */
export const registries = object("RegistriesConfig", "Where images come from.", {
  mirrors: optional(map("host", mirror), {
    doc:
      "Mirrors by registry.\nA registry is the first part of an image's name, `docker.io` where there is none; `*` stands for\nevery registry that has no entry of its own.",
    examples: [{ value: { "ghcr.io": { endpoints: ["https://registry.local"] } } }],
  }),
  config: optional(map("host", registry), {
    doc: "TLS and login settings by registry host.",
    examples: [{
      value: {
        "registry.local": {
          tls: { clientIdentity: EXAMPLE_PEM },
          auth: { username: "username", password: "password" },
        },
      },
    }],
  }),
});
