import { flag } from "$lib/cli/mod.ts";
import { type BuildInfo, buildInfo } from "$lib/version/mod.ts";
import { command, type Session } from "../session.ts";

/** `talosctl version` */
export const versionCommand = command({
  summary: "Prints the version",
  flags: {
    client: flag.boolean("Print client version only"),
    short: flag.boolean("Print the short version"),
  },
  async run({ client: clientOnly, short }, session: Session) {
    const build = buildInfo();
    session.out.line("Client:");
    for (const line of short ? [`Talos ${build.tag}`] : versionLines(clientFacts(build))) {
      session.out.line(line);
    }
    if (clientOnly) return;
    const { MachineService } = await import("$proto/machine/machine_pb.ts");
    const client = await session.client();
    session.out.line("Server:");
    for (const { node, message } of await client.unary(MachineService.method.version, {})) {
      session.out.line(`\tNODE:        ${node}`);
      const facts = message.version;
      if (!facts) continue;
      for (const line of short ? [`\tTag:         ${facts.tag}`] : versionLines(facts)) {
        session.out.line(line);
      }
    }
  },
});

/** What both sides tell about their build. */
export interface VersionFacts {
  readonly tag: string;
  readonly sha: string;
  readonly built: string;
  /** The language runtime; the wire calls the field so, whatever the runtime is. */
  readonly goVersion: string;
  readonly os: string;
  readonly arch: string;
}

/** This program's build in the terms of the wire. */
export function clientFacts(build: BuildInfo): VersionFacts {
  return { ...build, goVersion: build.runtime };
}

/** The five lines of a version block. */
export function versionLines(facts: VersionFacts): string[] {
  return [
    `\tTag:         ${facts.tag}`,
    `\tSHA:         ${facts.sha}`,
    `\tBuilt:       ${facts.built}`,
    `\tGo version:  ${facts.goVersion}`,
    `\tOS/Arch:     ${facts.os}/${facts.arch}`,
  ];
}
