/** What the user looks at. */
export interface View {
  readonly node: number;
  /** Processes that are scrolled past. */
  readonly offset: number;
}

/** What there is to look at. */
export interface Extent {
  readonly nodes: number;
  readonly processes: number;
  /** Rows of processes on the screen. */
  readonly page: number;
}

/** The single keys in what a terminal sent at once. */
export function keysIn(chunk: string): string[] {
  // deno-lint-ignore no-control-regex
  return chunk.match(/\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[\s\S]/g) ?? [];
}

/** The view after a key; undefined ends the display. */
export function press(view: View, key: string, extent: Extent): View | undefined {
  const half = Math.max(1, Math.floor(extent.page / 2));
  switch (key) {
    case "q":
    case "\x03":
      return undefined;
    case "h":
    case "\x1b[D":
    case "\x1bOD":
      return turn(view, -1, extent);
    case "l":
    case "\x1b[C":
    case "\x1bOC":
      return turn(view, 1, extent);
    case "j":
    case "\x1b[B":
    case "\x1bOB":
      return scroll(view, 1, extent);
    case "k":
    case "\x1b[A":
    case "\x1bOA":
      return scroll(view, -1, extent);
    case "\x04":
      return scroll(view, half, extent);
    case "\x15":
      return scroll(view, -half, extent);
    case "\x06":
    case "\x1b[6~":
      return scroll(view, extent.page, extent);
    case "\x02":
    case "\x1b[5~":
      return scroll(view, -extent.page, extent);
    default:
      return view;
  }
}

/** The next node; the list goes round. */
function turn({ node }: View, by: number, { nodes }: Extent): View {
  return { node: nodes === 0 ? 0 : (node + by + nodes) % nodes, offset: 0 };
}

function scroll({ node, offset }: View, by: number, { processes, page }: Extent): View {
  const last = Math.max(0, processes - page);
  return { node, offset: Math.min(last, Math.max(0, offset + by)) };
}
