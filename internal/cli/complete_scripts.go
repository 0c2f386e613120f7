package cli

// completionScripts has the script of each shell. PROGRAM stands for the name of the program.
var completionScripts = map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}

const bashScript = `# bash completion of PROGRAM: source <(PROGRAM completion bash)
_PROGRAM() {
	local typed="${COMP_LINE:0:COMP_POINT}" cur="${COMP_WORDS[COMP_CWORD]}" last word line
	local -a list
	read -ra list <<<"$typed"
	[[ $typed == *[[:space:]] ]] && list+=("")
	last="${list[-1]}"
	# bash takes --flag=value, and a URL, for several words; it replaces the last one of them.
	[[ $cur == [=:] ]] && cur=""
	COMPREPLY=()
	while IFS= read -r line; do
		word="${line%%$'\t'*}"
		if [[ $word == :files ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur") # a name may have spaces, or be a pattern
			compopt -o filenames 2>/dev/null
			return
		fi
		[[ $word == "$last"* ]] && COMPREPLY+=("${word#"${last%"$cur"}"}")
	done < <("${list[0]}" __complete -- "${list[@]:1}" 2>/dev/null)
}
complete -F _PROGRAM PROGRAM
`

const zshScript = `#compdef PROGRAM
# zsh completion of PROGRAM: source <(PROGRAM completion zsh), after compinit; or a file _PROGRAM in fpath
_PROGRAM() {
	local line word about
	local -a list
	for line in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		word="${line%%$'\t'*}" about="${line#*$'\t'}"
		[[ -z $word ]] && continue
		if [[ $word == :files ]]; then
			_files
			return
		fi
		list+=("${word//:/\\:}${about:+:$about}")
	done
	(( $#list )) && _describe -o 'PROGRAM' list
}
if [[ "${funcstack[1]}" == "_PROGRAM" ]]; then
	_PROGRAM "$@"
else
	compdef _PROGRAM PROGRAM
fi
`

const fishScript = `# fish completion of PROGRAM: PROGRAM completion fish | source
function __PROGRAM_lines
	set -l words (commandline -opc)
	set -l program $words[1]
	set -e words[1]
	set -l current (commandline -ct)
	$program __complete -- $words "$current" 2>/dev/null
end
function __PROGRAM_wants_files
	__PROGRAM_lines | string match -q ':files*'
end
complete -c PROGRAM -f
complete -c PROGRAM -n 'not __PROGRAM_wants_files' -a '(__PROGRAM_lines)'
complete -c PROGRAM -n __PROGRAM_wants_files -F
`
