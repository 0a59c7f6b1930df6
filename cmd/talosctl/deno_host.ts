import type { Output } from "$lib/cli/mod.ts";
import type { Host } from "./host.ts";
import { openScreen } from "./screen.ts";

/** The machine this process runs on, with `env` as its environment. */
export function denoHost(env: Readonly<Record<string, string>>, output: Output): Host {
  const home = env.HOME ?? env.USERPROFILE ?? "/";
  return {
    env: { ...env, HOME: home },
    home,
    files: Deno,
    get interactive() {
      return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
    },
    self: Deno.build.standalone
      ? [Deno.execPath()]
      : [Deno.execPath(), "run", "-A", Deno.mainModule],
    stdinLine,
    edit: openEditor,
    screen: () => openScreen(output.out),
  };
}

async function stdinLine(): Promise<string> {
  let text = "";
  for await (const chunk of Deno.stdin.readable) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  return text.split("\n", 1)[0] ?? "";
}

/** A shell splits the editor's command line: `code --wait` and quoted paths are usual. */
async function openEditor(editor: string, path: string): Promise<number> {
  const [shell, ...args] = Deno.build.os === "windows"
    ? ["cmd", "/C", `${editor} "${path}"`] as const
    : ["/bin/sh", "-c", `${editor} "$@"`, editor, path] as const;
  const streams = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  return (await new Deno.Command(shell, { args, ...streams }).spawn().status).code;
}
