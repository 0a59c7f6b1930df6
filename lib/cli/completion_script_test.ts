import assert from "node:assert/strict";
import { completionScript, SHELLS } from "./completion_script.ts";

const ANSWERS = `#!/bin/sh
shift 2
last=; for last; do :; done
case "$*" in
  *file*) printf 'one\\tthe first\\n:files\\n' ;;
  *) printf 'memory\\tShow memory usage\\nmounts\\n:none\\n' ;;
esac
`;

/** A folder with a program named `prog` that answers completion requests, and one file. */
async function folder(): Promise<string> {
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(`${directory}/prog`, ANSWERS, { mode: 0o755 });
  await Deno.writeTextFile(`${directory}/a file`, "");
  for (const shell of SHELLS) {
    await Deno.writeTextFile(`${directory}/prog.${shell}`, completionScript(shell, "prog"));
  }
  return directory;
}

async function has(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["-c", "true"] }).output()).success;
  } catch {
    return false;
  }
}

async function shell(program: string, args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: { PATH: `${cwd}:${Deno.env.get("PATH")}` },
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.ok(success);
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "completionScript() makes bash offer what the program answers, and files when it says so",
  ignore: !await has("bash"),
  async fn() {
    const directory = await folder();
    const script = `source ./prog.bash
      COMP_WORDS=(prog m); COMP_CWORD=1; _prog_complete; printf '[%s]' "\${COMPREPLY[@]}"; echo
      COMP_WORDS=(prog file ''); COMP_CWORD=2; _prog_complete; printf '[%s]' "\${COMPREPLY[@]}"`;
    const [first, second] = (await shell("bash", ["--norc", "-c", script], directory)).split("\n");
    assert.equal(first, "[memory][mounts]");
    assert.match(second ?? "", /^\[one\].*\[a file\]/);
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test({
  name: "completionScript() makes fish offer what the program answers",
  ignore: !await has("fish"),
  async fn() {
    const directory = await folder();
    const script = 'source ./prog.fish; complete -C "prog m"';
    const text = await shell("fish", ["--no-config", "-c", script], directory);
    assert.equal(text, "memory\tShow memory usage\nmounts\n");
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test({
  name: "completionScript() makes zsh describe what the program answers, and files when it says so",
  ignore: !await has("zsh"),
  async fn() {
    const directory = await folder();
    // The completion system's own functions, as the script calls them.
    const script = `compdef() { }; _files() { print FILES }
      _describe() { print -r -- "$1: \${(j:|:)\${(P)2}}" }
      source ./prog.zsh
      words=(prog m); CURRENT=2; _prog
      words=(prog file ''); CURRENT=3; _prog`;
    assert.equal(
      await shell("zsh", ["-f", "-c", script], directory),
      "prog: memory:Show memory usage|mounts\nprog: one:the first\nFILES\n",
    );
    await Deno.remove(directory, { recursive: true });
  },
});
