import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { verifyRelease } from "./verify.ts";

/** The files of an installer image, signed with a key of its own. */
class Image implements AsyncDisposable {
  private constructor(readonly root: string, readonly pair: CryptoKeyPair, readonly key: string) {}

  static async make(): Promise<Image> {
    const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "installer-image-" }));
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    const image = new Image(root, pair as CryptoKeyPair, await pemOf(pair as CryptoKeyPair));
    await Deno.mkdir(image.path("amd64"), { recursive: true });
    await image.write("amd64/boot.efi", "boot");
    await image.write("amd64/systemd-bootx64.efi", "loader");
    await image.write("installer.js", "program");
    await image.sign();
    return image;
  }

  path(name: string): string {
    return join(this.root, "usr/install", name);
  }

  write(name: string, text: string): Promise<void> {
    return Deno.writeTextFile(this.path(name), text);
  }

  /** Writes the manifest of what is there, with these changes, and signs it. */
  async sign(
    change: { arch?: string; parts?: (names: string[]) => string[] } = {},
    directory = "amd64",
  ): Promise<void> {
    const names = ["amd64/boot.efi", "amd64/systemd-bootx64.efi", "installer.js"];
    const parts = (change.parts?.(names) ?? names).map((name) => {
      const bytes = Deno.readFileSync(this.path(name));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { name: name.replace("amd64/", ""), sizeBytes: bytes.length, sha256 };
    });
    const verity = { rootHash: "0".repeat(64), salt: "", blockSizeBytes: 4096, dataBlocks: 1 };
    // What is inside the boot program is told of as well.
    const inside = { name: "rootfs.sqsh", sizeBytes: 1, sha256: "0".repeat(64) };
    const manifest = new TextEncoder().encode(JSON.stringify({
      ...{ schema: 1, version: "v2", arch: change.arch ?? "amd64", layout: "portable" },
      ...{ kernel: "6.1", verity, parts: [...parts, inside] },
    }));
    const signature = await crypto.subtle.sign("Ed25519", this.pair.privateKey, manifest);
    await Deno.writeFile(this.path(`${directory}/manifest.json`), manifest);
    await Deno.writeFile(this.path(`${directory}/manifest.json.sig`), new Uint8Array(signature));
  }

  verify(key = this.key) {
    return verifyRelease(this.root, { key, architecture: "amd64" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

async function pemOf({ publicKey }: CryptoKeyPair): Promise<string> {
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  return `-----BEGIN PUBLIC KEY-----\n${der.toBase64()}\n-----END PUBLIC KEY-----\n`;
}

Deno.test("verifyRelease() takes a release whose every file is signed", async () => {
  await using image = await Image.make();
  assert.equal((await image.verify()).version, "v2");
});

const REFUSALS: readonly {
  readonly name: string;
  readonly spoil: (image: Image) => Promise<void>;
  readonly message: RegExp;
}[] = [
  {
    name: "an image without releases",
    spoil: (image) => Deno.remove(join(image.root, "usr"), { recursive: true }),
    message: /^it is no installer: it has no \/usr\/install$/,
  },
  {
    name: "a release of another architecture",
    spoil: (image) => Deno.rename(image.path("amd64"), image.path("arm64")),
    message: /^its release is for arm64, this machine is amd64$/,
  },
  {
    name: "a manifest of another architecture",
    spoil: (image) => image.sign({ arch: "arm64" }),
    message: /^its release is for arm64, this machine is amd64$/,
  },
  {
    name: "a release that is not signed",
    spoil: (image) => Deno.remove(image.path("amd64/manifest.json.sig")),
    message: /^its release is not signed: manifest\.json\.sig is missing$/,
  },
  {
    name: "a manifest that was changed after it was signed",
    spoil: async (image) => {
      const text = await Deno.readTextFile(image.path("amd64/manifest.json"));
      await image.write("amd64/manifest.json", text.replace("v2", "v3"));
    },
    message:
      /^its release is not trusted: .*; this machine takes releases .* SHA-256 [0-9a-f]{64}$/,
  },
  {
    name: "one flipped bit of the boot program",
    spoil: (image) => image.write("amd64/boot.efi", "bood"),
    message: /^its release is corrupt: boot\.efi has another SHA-256 than the signed one$/,
  },
  {
    name: "a boot program that was cut short",
    spoil: (image) => image.write("amd64/boot.efi", "boo"),
    message: /^its release is corrupt: boot\.efi has 3 bytes instead of 4$/,
  },
  {
    name: "an installer that was exchanged",
    spoil: (image) => image.write("installer.js", "Program"),
    message: /^its release is corrupt: installer\.js has another SHA-256/,
  },
  {
    name: "an installer that nobody signed",
    spoil: (image) => image.sign({ parts: (names) => names.filter((n) => n !== "installer.js") }),
    message: /"installer\.js".*does not list it$/,
  },
  {
    name: "a missing boot program",
    spoil: (image) => Deno.remove(image.path("amd64/boot.efi")),
    message: /^its release is not whole: boot\.efi is missing$/,
  },
  {
    name: "a link in the place of a file",
    async spoil(image) {
      await Deno.rename(image.path("installer.js"), image.path("other.js"));
      await Deno.symlink("other.js", image.path("installer.js"));
    },
    message: /^its release is not whole: installer\.js is missing$/,
  },
];

for (const { name, spoil, message } of REFUSALS) {
  Deno.test(`verifyRelease() refuses ${name}`, async () => {
    await using image = await Image.make();
    await spoil(image);
    await assert.rejects(image.verify(), (error: Error) => {
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("verifyRelease() refuses what another key has signed, and names the one that counts", async () => {
  await using image = await Image.make();
  await using other = await Image.make();
  await assert.rejects(
    image.verify(other.key),
    /not of this image's signing key; this machine takes/,
  );
});

Deno.test("verifyRelease() wants a boot program that firmware starts, where it does not start all", async () => {
  await using image = await Image.make();
  const firmware = { certificates: [], hashes: [] };
  const expectation = { key: image.key, architecture: "amd64" };
  await assert.rejects(verifyRelease(image.root, { ...expectation, firmware }), /no EFI program/);
  await image.write("amd64/boot.efi", UNSIGNED);
  await image.sign();
  await assert.rejects(
    verifyRelease(image.root, { ...expectation, firmware }),
    /^Error: its boot\.efi cannot be started with Secure Boot: nobody has signed it, and .* nobody /,
  );
  await verifyRelease(image.root, expectation);
});

/** The headers of an EFI program, with no signatures. */
const UNSIGNED = `MZ${"\0".repeat(0x3a)}\x40\0\0\0PE${"\0".repeat(300)}`;
