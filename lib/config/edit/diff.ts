/** Lines of unchanged text around each change. */
const CONTEXT = 3;
/** Beyond this many line pairs the middle is shown as replaced: comparing them takes memory. */
const MAX_PAIRS = 4_000_000;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** A unified diff of two texts, without file names; empty when they are equal. */
export function unifiedDiff(before: string, after: string): string {
  const lines = compare(split(before), split(after));
  const hunks: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const first = lines.findIndex((line, i) => i >= at && line.sign !== " ");
    if (first < 0) break;
    let last = first;
    for (let i = first; i < lines.length && i - last <= 2 * CONTEXT; i++) {
      if (lines[i]?.sign !== " ") last = i;
    }
    const from = Math.max(at, first - CONTEXT);
    const to = Math.min(lines.length, last + CONTEXT + 1);
    hunks.push(hunk(lines, from, to));
    at = to;
  }
  return hunks.join("");
}

function hunk(lines: readonly Line[], from: number, to: number): string {
  const before = lines.slice(0, from);
  const part = lines.slice(from, to);
  const range = (sign: "-" | "+") => {
    const count = part.filter((line) => line.sign === " " || line.sign === sign).length;
    const start = before.filter((line) => line.sign === " " || line.sign === sign).length;
    return `${sign}${count === 0 ? start : start + 1},${count}`;
  };
  const body = part.map((line) => `${line.sign}${line.text}\n`).join("");
  return `@@ ${range("-")} ${range("+")} @@\n${body}`;
}

function split(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function compare(a: readonly string[], b: readonly string[]): Line[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (
    end < a.length - start && end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) end++;
  const same = (text: string): Line => ({ sign: " ", text });
  return [
    ...a.slice(0, start).map(same),
    ...compareMiddle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(same),
  ];
}

/** The shortest way from `a` to `b` by their longest common subsequence. */
function compareMiddle(a: readonly string[], b: readonly string[]): Line[] {
  const width = b.length + 1;
  const removed = (text: string): Line => ({ sign: "-", text });
  const added = (text: string): Line => ({ sign: "+", text });
  if (a.length === 0 || b.length === 0 || a.length * b.length > MAX_PAIRS) {
    return [...a.map(removed), ...b.map(added)];
  }
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j]
        ? (common[(i + 1) * width + j + 1] ?? 0) + 1
        : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [left = "", right = ""] = [a[i], b[j]];
    if (left === right) {
      lines.push({ sign: " ", text: left });
      i++;
      j++;
    } else if ((common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) {
      lines.push(removed(left));
      i++;
    } else {
      lines.push(added(right));
      j++;
    }
  }
  return [...lines, ...a.slice(i).map(removed), ...b.slice(j).map(added)];
}
