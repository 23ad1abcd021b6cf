# Completion of viv for bash: source <(viv completion bash)
_viv() {
  local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} typed IFS=$'\n'
  # bash takes words apart at : and =, and replaces only the last part.
  [[ $current == [:=] ]] && current=
  typed=${line##* }
  mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" completion --line "$line" 2>/dev/null)
  COMPREPLY=("${COMPREPLY[@]#"${typed%"$current"}"}")
  # More may follow a directory, a sandbox's name and the name of a flag.
  [[ ${COMPREPLY[0]-} == *[/:=] ]] && compopt -o nospace
}
complete -F _viv viv
