/**
 * The wire of the 0.9 API, name by name and number by number: `wire.txt` lists every service, message,
 * enum and field, and `more.txt` what this release adds; the descriptors in `gen/` must say exactly the
 * same. What is added has a name and a number of its own, so a client of 0.9 never notices.
 */
import type { DescEnum, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { file_cluster_cluster } from "./gen/cluster/cluster_pb.ts";
import { file_configuration_configuration } from "./gen/configuration/configuration_pb.ts";
import { file_common_common } from "./gen/common/common_pb.ts";
import { file_google_rpc_status } from "./gen/google/rpc/status_pb.ts";
import { file_health_health } from "./gen/health/health_pb.ts";
import { file_inspect_inspect } from "./gen/inspect/inspect_pb.ts";
import { file_machine_machine } from "./gen/machine/machine_pb.ts";
import { file_network_network } from "./gen/network/network_pb.ts";
import { file_resource_resource } from "./gen/resource/resource_pb.ts";
import { file_security_security } from "./gen/security/security_pb.ts";
import { file_storage_storage } from "./gen/storage/storage_pb.ts";
import { file_time_time } from "./gen/time/time_pb.ts";

const FILES: readonly DescFile[] = [
  file_cluster_cluster,
  file_common_common,
  file_configuration_configuration,
  file_google_rpc_status,
  file_health_health,
  file_inspect_inspect,
  file_machine_machine,
  file_network_network,
  file_resource_resource,
  file_security_security,
  file_storage_storage,
  file_time_time,
];

/** The facts of a list, by file: `service X.M: in -> out`, `field M 1 name: type`, `enum E: A=0`. */
async function expected(list: string): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>();
  let facts: string[] = [];
  let owner = "";
  for (const line of (await Deno.readTextFile(new URL(list, import.meta.url))).split("\n")) {
    const file = /^== file (\S+)/.exec(line)?.[1];
    const head = /^(service|message) (\S+)/.exec(line);
    if (file !== undefined) files.set(file, facts = []);
    else if (head) facts.push(`${head[1]} ${owner = head[2] ?? ""}`);
    else if (/^\s*enum /.test(line)) facts.push(line.trim());
    else if (line.trim() !== "") facts.push(`${owner} ${line.trim()}`);
  }
  return files;
}

function factsOf(file: DescFile): string[] {
  return [
    ...file.services.flatMap(serviceFacts),
    ...file.enums.map(enumFact),
    ...file.messages.flatMap(messageFacts),
  ];
}

function serviceFacts(service: DescService): string[] {
  const stream = (on: boolean) => on ? "stream " : "";
  const methods = service.methods.map((method) => {
    const client = method.methodKind === "client_streaming" ||
      method.methodKind === "bidi_streaming";
    const server = method.methodKind === "server_streaming" ||
      method.methodKind === "bidi_streaming";
    const input = `${stream(client)}${method.input.typeName}`;
    return `${service.typeName} ${method.name}: ${input} -> ${
      stream(server)
    }${method.output.typeName}`;
  });
  return [`service ${service.typeName}`, ...methods];
}

function messageFacts(message: DescMessage): string[] {
  const fields = message.fields.map((field) => {
    const list = field.fieldKind === "list" ? "repeated " : "";
    return `${message.typeName} ${field.number} ${field.name}: ${list}${typeOf(field)}`;
  });
  return [
    `message ${message.typeName}`,
    ...fields,
    ...message.nestedEnums.map(enumFact),
    ...message.nestedMessages.flatMap(messageFacts),
  ];
}

/** A field's type as protobuf writes it. */
function typeOf(field: DescMessage["fields"][number]): string {
  const type = field.message?.typeName ?? field.enum?.typeName;
  return type ?? SCALARS[field.scalar ?? 0] ?? "unknown";
}

/** Scalar types by their number in descriptor.proto. */
const SCALARS: Record<number, string> = {
  1: "double",
  3: "int64",
  4: "uint64",
  5: "int32",
  8: "bool",
  9: "string",
  12: "bytes",
  13: "uint32",
};

function enumFact({ typeName, values }: DescEnum): string {
  return `enum ${typeName}: ${values.map(({ name, number }) => `${name}=${number}`).join(", ")}`;
}

const wire = await expected("wire.txt");
const more = await expected("more.txt");

Deno.test("wire.txt, more.txt and the descriptors name the same files", () => {
  const names = new Set([...wire.keys(), ...more.keys()]);
  assert.deepEqual(FILES.map(({ name }) => name).toSorted(), [...names].toSorted());
});

for (const file of FILES) {
  Deno.test(`descriptors of ${file.name} say what wire.txt and more.txt say`, () => {
    const facts = [...wire.get(file.name) ?? [], ...more.get(file.name) ?? []];
    // The head of a message that is in both lists is one fact.
    assert.deepEqual(factsOf(file).toSorted(), [...new Set(facts)].toSorted());
  });

  Deno.test(`more.txt takes no name and no number of 0.9 in ${file.name}`, () => {
    const place = (fact: string) => /^(\S+ \d+) |^(\S+ \S+): /.exec(fact)?.[0] ?? fact;
    const taken = new Set((wire.get(file.name) ?? []).map(place));
    const again = (more.get(file.name) ?? []).filter((fact) =>
      taken.has(place(fact)) && !/^(service|message) /.test(fact)
    );
    assert.deepEqual(again, []);
  });
}
