import { parseDocument, stringify } from "yaml";
import { parse as parseYaml } from "yaml";
import { LiveTable } from "$lib/cli/mod.ts";
import { columnText } from "$lib/resources/mod.ts";
import { EventType, type Resource } from "$proto/resource/resource_pb.ts";

/** Turns resources into text as they come. */
export interface ResourceFormatter {
  /** Takes the definition that goes before the resources of its type. */
  definition(definition: Resource): string;
  row(node: string, resource: Resource, event?: EventType): string;
  /** What is left when there is nothing more to come. */
  end(): string;
}

/** The formatter for `--output`. @throws {Error} for a form that is not supported. */
export function formatter(output: string, watch: boolean): ResourceFormatter {
  switch (output) {
    case "table":
      return tableFormatter(watch);
    case "yaml":
      return documentFormatter(watch, yamlText);
    case "json":
      return documentFormatter(watch, jsonText);
    default:
      throw new Error(`output format "${output}" is not supported`);
  }
}

interface Column {
  readonly name: string;
  readonly jsonPath: string;
}

/** How a resource's type is shown and which parts of its spec have columns. */
interface Columns {
  readonly displayType: string;
  readonly printColumns: readonly Column[];
}

/** A cell of a column; the path is the node's and may be one that cannot be read here. */
function cellText(spec: unknown, { name, jsonPath }: Column): string {
  try {
    return columnText(spec, jsonPath);
  } catch (cause) {
    throw new Error(`Cannot show column "${name}": its path "${jsonPath}" is malformed`, { cause });
  }
}

function columnsOf(definition: Resource): Columns {
  const spec = specOf(definition) as {
    displayType?: string;
    printColumns?: Column[] | null;
  };
  return { displayType: spec.displayType ?? "", printColumns: spec.printColumns ?? [] };
}

const EVENT_MARKS = {
  [EventType.CREATED]: "+",
  [EventType.UPDATED]: "",
  [EventType.DESTROYED]: "-",
} as const;

function tableFormatter(watch: boolean): ResourceFormatter {
  // Node, mark, namespace, type, id: room for what is common, as the rows are not known yet.
  const table = new LiveTable([15, 1, 12, 16, 24]);
  const held: string[][] = [];
  let columns: Columns | undefined;
  // A watch prints rows as they come; a list waits, so that its columns fit every row.
  const add = (row: string[]): string => {
    if (watch) return table.row(...row);
    held.push(row);
    return "";
  };
  return {
    definition(definition) {
      if (columns) return "";
      columns = columnsOf(definition);
      const extra = columns.printColumns.map(({ name }) => name.toUpperCase());
      const first = watch ? ["NODE", "*"] : ["NODE"];
      return add([...first, "NAMESPACE", "TYPE", "ID", "VERSION", ...extra]);
    },
    row(node, resource, event) {
      const { namespace = "", type = "", id = "", version = "" } = resource.metadata ?? {};
      const spec = specOf(resource);
      const extra = columns?.printColumns.map((column) => cellText(spec, column)) ?? [];
      const first = watch ? [node, EVENT_MARKS[event ?? EventType.UPDATED]] : [node];
      return add([...first, namespace, columns?.displayType || type, id, version, ...extra]);
    },
    end() {
      const widest = new LiveTable();
      for (const row of held) widest.row(...row);
      return held.map((row) => widest.row(...row)).join("");
    },
  };
}

type Encode = (node: string, resource: Resource, event: string | undefined) => string;

function documentFormatter(watch: boolean, encode: Encode): ResourceFormatter {
  return {
    definition: () => "",
    row: (node, resource, event) =>
      encode(node, resource, watch ? eventName(event ?? EventType.UPDATED) : undefined),
    end: () => "",
  };
}

function eventName(event: EventType): string {
  return EventType[event]?.toLowerCase() ?? "";
}

function metadataOf(resource: Resource): Record<string, unknown> {
  const { namespace, type, id, version, phase, finalizers } = resource.metadata ?? {};
  return {
    namespace,
    type,
    id,
    version: /^\d+$/.test(version ?? "") ? Number(version) : version,
    phase,
    ...(finalizers && finalizers.length > 0 ? { finalizers } : {}),
  };
}

function yamlOf(resource: Resource): string {
  return new TextDecoder().decode(resource.spec?.yaml);
}

function specOf(resource: Resource): unknown {
  return parseYaml(yamlOf(resource), { uniqueKeys: false, logLevel: "silent" });
}

/** One YAML document; the spec keeps the comments it was sent with. */
function yamlText(node: string, resource: Resource, event: string | undefined): string {
  const head = stringify(
    { node, ...(event === undefined ? {} : { event }), metadata: metadataOf(resource) },
    { indent: 4, lineWidth: 0 },
  );
  const text = yamlOf(resource).trimEnd();
  if (text === "") return `---\n${head}`;
  const { contents } = parseDocument(text, { uniqueKeys: false, logLevel: "silent" });
  const block = contents !== null && /^\s*[\w"'].*:|^\s*- |^\s*#/.test(text);
  if (!block) return `---\n${head}spec: ${text}\n`;
  const indented = text.split("\n").map((line) => line === "" ? "" : `    ${line}`).join("\n");
  return `---\n${head}spec:\n${indented}\n`;
}

function jsonText(node: string, resource: Resource, event: string | undefined): string {
  const value = {
    ...(event === undefined ? {} : { event }),
    metadata: metadataOf(resource),
    node,
    spec: specOf(resource),
  };
  return `${JSON.stringify(value, null, 4)}\n`;
}
