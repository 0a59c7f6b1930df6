/** Cuts the chunks of one node into lines; what comes after the last newline is held back. */
export class LineCutter {
  readonly #decoder = new TextDecoder();
  #held = "";

  /** The lines that `chunk` completes, without their newlines. */
  push(chunk: Uint8Array): string[] {
    const lines = (this.#held + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#held = lines.pop() ?? "";
    return lines;
  }

  /** What is left when the stream ends. */
  end(): string[] {
    const rest = this.#held + this.#decoder.decode();
    this.#held = "";
    return rest === "" ? [] : [rest];
  }
}

/** One cutter a node: the lines of several nodes do not mix. */
export class NodeLines {
  readonly #cutters = new Map<string, LineCutter>();

  /** The lines that `chunk` of `node` completes, each behind the node's name. */
  push(node: string, chunk: Uint8Array): string[] {
    let cutter = this.#cutters.get(node);
    if (!cutter) this.#cutters.set(node, cutter = new LineCutter());
    return cutter.push(chunk).map((line) => `${node}: ${line}`);
  }

  /** The unfinished lines of all nodes. */
  end(): string[] {
    return [...this.#cutters].flatMap(([node, cutter]) =>
      cutter.end().map((line) => `${node}: ${line}`)
    );
  }
}
