import type { BuildStamp } from "$lib/version/mod.ts";
import type { Input } from "./inputs.ts";

/** What the bill of materials is about. */
export interface SbomOptions {
  readonly inputs: readonly Pick<Input, "name" | "version" | "sha256" | "type">[];
  readonly stamp: BuildStamp;
  readonly bundleSha256: string;
}

/** The bill of materials of an image: SPDX 2.3 as JSON, one package for each archive that went in. */
export function spdxDocument({ inputs, stamp, bundleSha256 }: SbomOptions): string {
  const image = spdxPackage({
    name: "talos",
    version: stamp.tag,
    sha256: bundleSha256,
    purl: `pkg:generic/talos@${stamp.tag}`,
    licence: "MIT",
  });
  const packages = inputs.map(({ name, version, sha256, type }) =>
    spdxPackage({
      ...{ name, version, sha256, purl: packageUrl(type, name, version) },
      licence: type === "npm" ? "MIT" : "NOASSERTION",
    })
  );
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `talos-${stamp.tag}`,
    // Unique for each content, and the same for equal builds.
    documentNamespace: `https://spdx.invalid/talos-${stamp.tag}-${bundleSha256}`,
    creationInfo: { created: stamp.built, creators: ["Tool: mkimage"] },
    packages: [image, ...packages],
    relationships: [
      relationship("SPDXRef-DOCUMENT", "DESCRIBES", image.SPDXID),
      ...packages.map((one) => relationship(image.SPDXID, "CONTAINS", one.SPDXID)),
    ],
  };
  return JSON.stringify(document, null, 2) + "\n";
}

interface SpdxFields {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly purl: string;
  readonly licence: string;
}

function spdxPackage({ name, version, sha256, purl, licence }: SpdxFields) {
  return {
    SPDXID: `SPDXRef-Package-${name.replace(/[^A-Za-z0-9.-]+/g, "-").replace(/^-/, "")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: licence,
    copyrightText: "NOASSERTION",
    checksums: [{ algorithm: "SHA256", checksumValue: sha256 }],
    externalRefs: [{
      referenceCategory: "PACKAGE-MANAGER",
      referenceType: "purl",
      referenceLocator: purl,
    }],
  };
}

function packageUrl(type: "deb" | "npm", name: string, version: string): string {
  if (type === "npm") return `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=amd64&distro=bookworm`;
}

function relationship(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}
