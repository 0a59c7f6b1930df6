import assert from "node:assert/strict";
import { createCsr, createKey, inspectCertificate, sans } from "./mod.ts";
import { Folder, installed, run, world } from "./_testing.ts";

// 0.9's talosctl and nodes are Go programs: they must read what is made here, key labels and all.
const PROGRAM = `package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
)

type input struct{ CA, Server, ServerKey, Client, ClientKey, CSR string }

func der(text, label string) []byte {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != label {
		panic("no " + label)
	}
	return block.Bytes
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(must(x509.ParseCertificate(der(in.CA, "CERTIFICATE"))))
	server := must(x509.ParseCertificate(der(in.Server, "CERTIFICATE")))
	client := must(x509.ParseCertificate(der(in.Client, "CERTIFICATE")))
	must(server.Verify(x509.VerifyOptions{Roots: roots, DNSName: "127.0.0.1"}))
	must(server.Verify(x509.VerifyOptions{Roots: roots, DNSName: "node-a"}))
	must(client.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}))
	if _, err := client.Verify(x509.VerifyOptions{Roots: roots}); err == nil {
		panic("a client certificate passed as a server's")
	}
	ec := must(x509.ParseECPrivateKey(der(in.ServerKey, "EC PRIVATE KEY")))
	if !ec.PublicKey.Equal(server.PublicKey.(*ecdsa.PublicKey)) {
		panic("server key")
	}
	ed := must(x509.ParsePKCS8PrivateKey(der(in.ClientKey, "ED25519 PRIVATE KEY"))).(ed25519.PrivateKey)
	if !ed.Public().(ed25519.PublicKey).Equal(client.PublicKey) {
		panic("client key")
	}
	csr := must(x509.ParseCertificateRequest(der(in.CSR, "CERTIFICATE REQUEST")))
	if err := csr.CheckSignature(); err != nil {
		panic(err)
	}
	sum := sha256.Sum256(server.RawSubjectPublicKeyInfo)
	fmt.Println(base64.StdEncoding.EncodeToString(sum[:]), csr.IPAddresses, csr.DNSNames, client.Subject.Organization)
}
`;

Deno.test({
  name: "issueServerLeaf(), issueClientLeaf() and createCsr() make what Go parses and verifies",
  ignore: !installed("go"),
  async fn() {
    await using dir = await Folder.make();
    const { ca, server, client } = await world();
    const key = await createKey("ed25519");
    const stdin = JSON.stringify({
      CA: ca.crt,
      Server: server.crt,
      ServerKey: server.key,
      Client: client.crt,
      ClientKey: client.key,
      CSR: await createCsr({ key, sans: sans(["10.5.0.2", "node-b"]) }),
    });
    const program = await dir.put("main.go", PROGRAM);
    const env = { GOFLAGS: "-mod=mod", GO111MODULE: "off" };
    const ran = await run("go", ["run", program], { stdin, cwd: dir.path, env });
    assert.ok(ran?.ok, ran?.stderr);
    const { fingerprint } = inspectCertificate(server.crt);
    assert.equal(ran.stdout, `${fingerprint} [10.5.0.2] [node-b] [os:admin]\n`);
  },
});
