/** kubectl as a user runs it. */

/** A run to its end. */
export interface KubectlRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program and the kubeconfig it is given. */
export class Kubectl {
  constructor(readonly program: string, readonly kubeconfig: string) {}

  /** Runs a command; `input` is its standard input. */
  async run(args: readonly string[], input?: string): Promise<KubectlRun> {
    const child = new Deno.Command(this.program, {
      args: ["--kubeconfig", this.kubeconfig, "--request-timeout", "60s", ...args],
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const ended = child.output();
    if (input !== undefined) await write(child.stdin, input);
    const { code, stdout, stderr } = await ended;
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Runs a command that has to succeed; gives what it printed. */
  async print(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} gave ${code}: ${stderr}`);
    return stdout;
  }

  /** What `kubectl get` knows of an object, or of a list of them. */
  // deno-lint-ignore no-explicit-any
  async get(...args: string[]): Promise<any> {
    return JSON.parse(await this.print(["get", ...args, "-o", "json"]));
  }

  /** Creates or changes objects. */
  apply(...objects: readonly unknown[]): Promise<string> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    return this.print(["apply", "-f", "-"], JSON.stringify(list));
  }
}

async function write(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}
