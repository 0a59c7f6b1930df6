import { flag, UsageError } from "$lib/cli/mod.ts";
import {
  type FileInfo,
  ListRequest_Type as Type,
  MachineService,
} from "$proto/machine/machine_pb.ts";
import type { Answer } from "../client/client.ts";
import { fileModeText } from "../output/file_mode.ts";
import { humanBytes, humanTime } from "../output/humanize.ts";
import { nodePaths } from "../output/node_paths.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl list` */
export const listCommand = tableCommand({
  summary: "Retrieve a directory listing",
  args: { usage: "[path]", min: 0, max: 1 },
  flags: {
    long: flag.boolean("display additional file details", { short: "l" }),
    recurse: flag.boolean("recurse into subdirectories", { short: "r" }),
    humanize: flag.boolean("humanize size and time in the output", { short: "H" }),
    depth: flag.int("maximum recursion depth", { short: "d" }),
    type: flag.list(
      "filter by types: f (regular file), d (directory), l or L (symbolic link)",
      { short: "t" },
    ),
  },
  async run({ long, recurse, humanize, depth, type }, session: Session, [root = "/"]) {
    const types = type.map(fileType);
    const client = await session.client();
    const files: Answer<FileInfo>[] = [];
    const request = { root, recurse, recursionDepth: depth, types };
    for await (const answer of client.stream(MachineService.method.list, request)) {
      const { node, message } = answer;
      if (message.error === "") files.push(answer);
      else {
        const reason = `error reading file ${message.name}: ${message.error}`;
        client.failures.push({ node, reason });
      }
    }
    if (long) {
      return session.out.table([LONG_HEADER, ...longRows(files, { humanize, now: Date.now() })]);
    }
    if (session.out.json || files.some(({ named }) => named)) {
      const rows = files.map(({ node, message }) => [node, message.relativeName]);
      return session.out.table([["NODE", "NAME"], ...rows]);
    }
    for (const { message } of files) session.out.line(message.relativeName);
  },
  async complete(session, args) {
    return args.length > 0 ? [] : await nodePaths(session, { directories: true });
  },
});

/** The type a letter of `--type` stands for. @throws {UsageError} */
export function fileType(letter: string): Type {
  switch (letter) {
    case "f":
      return Type.REGULAR;
    case "d":
      return Type.DIRECTORY;
    case "l":
    case "L":
      return Type.SYMLINK;
    default:
      throw new UsageError(`invalid file type: ${letter}`);
  }
}

const LONG_HEADER = ["NODE", "MODE", "SIZE(B)", "LASTMOD", "NAME"];

/** The rows of `list --long`. */
export function longRows(
  files: readonly Answer<FileInfo>[],
  { humanize, now }: { readonly humanize: boolean; readonly now: number },
): string[][] {
  return files.map(({ node, message: file }) => [
    node,
    fileModeText(file.mode),
    humanize ? humanBytes(file.size) : String(file.size),
    humanize ? humanTime(Number(file.modified) * 1_000, now) : modified(file.modified, now),
    file.link === "" ? file.relativeName : `${file.relativeName} -> ${file.link}`,
  ]);
}

const SIX_MONTHS_MS = 180 * 24 * 3_600_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A modification time in seconds as `ls` shows it: with the year when it is more than six months old. */
export function modified(seconds: bigint, now: number): string {
  const at = new Date(Number(seconds) * 1_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${MONTHS[at.getMonth()]} ${String(at.getDate()).padStart(2, " ")}`;
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return now - at.getTime() < SIX_MONTHS_MS
    ? `${day} ${minutes}:${two(at.getSeconds())}`
    : `${day} ${at.getFullYear()} ${minutes}`;
}
