#compdef viv
# Completion of viv for zsh: source <(viv completion zsh)
_viv() {
  local -a all open closed
  all=("${(@f)$("${words[1]}" completion --line "$LBUFFER" 2>/dev/null)}")
  # More may follow a directory, a sandbox's name and the name of a flag.
  open=(${(M)all:#*[/:=]})
  closed=(${all:#*[/:=]})
  (( $#open )) && compadd -S '' -- $open
  (( $#closed )) && compadd -- $closed
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
compdef _viv viv
