/** The shells a completion script can be made for. */
export const SHELLS = ["bash", "fish", "zsh"] as const;
/** One of {@link SHELLS}. */
export type Shell = typeof SHELLS[number];

/**
 * The script that teaches `shell` to complete `program`. It asks the program itself
 * (`<program> __complete <words>`) on each press of the tab key, so it never goes stale.
 */
export function completionScript(shell: Shell, program: string): string {
  return { bash, fish, zsh }[shell](program);
}

function bash(program: string): string {
  return `# bash completion for ${program}
_${program}_complete() {
  local line files=0
  local -a answers=()
  local word=\${COMP_WORDS[COMP_CWORD]}
  while IFS= read -r line; do
    case "$line" in
      :files) files=1 ;;
      :none) ;;
      *) answers+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=("\${answers[@]}")
  if [ "$files" = 1 ]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
  fi
}
complete -F _${program}_complete ${program}
`;
}

function zsh(program: string): string {
  return `#compdef ${program}
_${program}() {
  local line files=0
  local -a answers
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      :files) files=1 ;;
      :none|'') ;;
      *$'\\t'*) answers+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) answers+=("\${line//:/\\\\:}") ;;
    esac
  done
  (( \${#answers} )) && _describe '${program}' answers
  (( files )) && _files
  return 0
}
if [ "$funcstack[1]" = "_${program}" ]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

function fish(program: string): string {
  return `# fish completion for ${program}
function __${program}_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path (commandline -ct)
      case ':none'
      case '*'
        echo $line
    end
  end
end
complete -c ${program} -f -a '(__${program}_complete)'
`;
}
