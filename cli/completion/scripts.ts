export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The hidden command that answers what could come next: `blockstill __complete status mn`. */
export const completeCommandName = '__complete';

/**
 * What a shell runs to complete commands of Blockstill: it asks the program itself, which knows its commands and the jobs
 * in the cluster. The answer is in the form of Cobra's programs, a line `value<tab>description` for each candidate, then
 * `:<number>`: so kubectl understands it too.
 */
export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell];
}

const names = 'blockstill kubectl-blockstill';

// No bash-completion is needed, and any bash from 3.2 on will do. Bash takes `=` and `:` for ends of words.
const bash = `# bash completion for blockstill: eval "$(blockstill completion bash)"
_blockstill() {
  local line word value prefix directive=1 glue=
  local -a words=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ \${#words[@]} -gt 0 && ( -n $glue || $word == [=:]* ) ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    [[ $word == [=:]* ]] && glue=1 || glue=
  done
  word=\${words[\${#words[@]} - 1]}
  prefix=\${word%"\${word##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :* ]]; then
      directive=\${line#:}
    else
      value=\${line%%$'\\t'*}
      printf -v value %q "\${value#"$prefix"}"
      COMPREPLY+=("$value")
    fi
  done < <("\${COMP_WORDS[0]/#\\~/$HOME}" ${completeCommandName} "\${words[@]}" 2>/dev/null)
  # 1: it failed; 4: no file would do.
  ((directive & 5)) && compopt +o default 2>/dev/null
  return 0
}
complete -o default -F _blockstill ${names}
`;

const zsh = `#compdef ${names}
# zsh completion for blockstill: source <(blockstill completion zsh), after compinit
_blockstill() {
  local line directive=1
  local -a candidates
  for line in "\${(@f)$("\${\${(Q)words[1]}/#\\~/$HOME}" ${completeCommandName} "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :* ]]; then
      directive=\${line#:}
    elif [[ $line == *$'\\t'* ]]; then
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    elif [[ -n $line ]]; then
      candidates+=("\${line//:/\\\\:}")
    fi
  done
  if (( \${#candidates} )); then
    _describe blockstill candidates
  elif (( ! (directive & 5) )); then
    _files
  fi
}
if [[ \${funcstack[1]} == _blockstill ]]; then
  _blockstill "$@"
else
  compdef _blockstill ${names}
fi
`;

const fish = `# fish completion for blockstill: blockstill completion fish | source
function __blockstill_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l directive 1
    set -l found no
    for line in ($program ${completeCommandName} $words[2..-1] "$current" 2>/dev/null)
        if string match -q ':*' -- $line
            set directive (string sub -s 2 -- $line)
        else
            set found yes
            printf '%s\\n' $line
        end
    end
    if test $found = no; and test $directive = 0
        __fish_complete_path $current
    end
end
${names
  .split(' ')
  .map((name) => `complete -c ${name} -f -a '(__blockstill_complete)'\n`)
  .join('')}`;
