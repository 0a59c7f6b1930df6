import type { BuildStamp } from "$lib/version/mod.ts";
import type { BuiltComponent } from "./components/build.ts";
import type { GoModule } from "./components/go_mod.ts";
import type { Input } from "./input.ts";

/** What the bill of materials is about. */
export interface SbomOptions {
  readonly inputs: readonly Pick<Input, "name" | "version" | "sha256" | "type">[];
  readonly components: readonly Pick<BuiltComponent, "modules">[];
  readonly stamp: BuildStamp;
  readonly bundleSha256: string;
}

/** The bill of materials of an image: SPDX 2.3 as JSON, one package for each archive and each Go module that went in. */
export function spdxDocument({ inputs, components, stamp, bundleSha256 }: SbomOptions): string {
  const image = spdxPackage({
    name: "talos",
    version: stamp.tag,
    sha256: bundleSha256,
    purl: `pkg:generic/talos@${stamp.tag}`,
    licence: "MIT",
  });
  const archives = inputs.map(({ name, version, sha256, type }) =>
    spdxPackage({
      ...{ name, version, sha256, purl: packageUrl(type, name, version) },
      licence: type === "npm" ? "MIT" : "NOASSERTION",
    })
  );
  const packages = [...archives, ...linkedOnce(components).map(goPackage)];
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
  readonly sha256?: string;
  readonly purl: string;
  readonly licence: string;
  /** Tells it from others of its name. */
  readonly id?: string;
  readonly source?: string;
}

function spdxPackage({ name, version, sha256, purl, licence, id = name, source }: SpdxFields) {
  return {
    SPDXID: `SPDXRef-Package-${id.replace(/[^A-Za-z0-9.-]+/g, "-").replace(/^-/, "")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: licence,
    copyrightText: "NOASSERTION",
    ...(sha256 ? { checksums: [{ algorithm: "SHA256", checksumValue: sha256 }] } : {}),
    ...(source ? { sourceInfo: source } : {}),
    externalRefs: [{
      referenceCategory: "PACKAGE-MANAGER",
      referenceType: "purl",
      referenceLocator: purl,
    }],
  };
}

/** Each module that any component links, once. */
function linkedOnce(components: SbomOptions["components"]): GoModule[] {
  const modules = components.flatMap(({ modules }) => modules);
  return [...new Map(modules.map((one) => [`${one.path}@${one.version}`, one])).values()];
}

function goPackage({ path, version, sum }: GoModule) {
  return spdxPackage({
    ...{ name: path, version, id: `${path}-${version}`, licence: "NOASSERTION" },
    purl: `pkg:golang/${path}@${version}`,
    // It hashes a module's files, not an archive of them: SPDX has no name for that.
    ...(sum ? { source: `go.sum ${sum}` } : {}),
  });
}

function packageUrl(type: "deb" | "npm", name: string, version: string): string {
  if (type === "npm") return `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=amd64&distro=bookworm`;
}

function relationship(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}
