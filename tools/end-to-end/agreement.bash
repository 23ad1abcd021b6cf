# Two prompts, a script and a client as the desktop is one, at once on the same sandboxes. Set rounds.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
need python3
if said=$("$root/tools/agreement" "$viv" "$rounds" ${SEED:+"$SEED"} 2>&1); then
  ok "$rounds rounds of four clients at once: they agree after each"
else
  fail "$rounds rounds of four clients at once: they agree after each" "$said"
fi
for i in {1..50}; do
  processes=$(grep -lzs "^XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR$" /proc/[0-9]*/environ | grep -v "/proc/\($$\|$BASHPID\|self\)/" | while read -r f; do { tr '\0' ' ' <"${f%environ}cmdline"; } 2>/dev/null; echo; done | grep -c 'vivarium\|sandbox.args')
  [ "$processes" = 0 ] && break
  sleep 0.2
done
equals "no process is left" 0 "$processes"
equals "nothing is left of their run directories" "" "$(ls "$XDG_RUNTIME_DIR/vivarium" 2>/dev/null)"
equals "nor of their states" "" "$(ls "$XDG_STATE_HOME/vivarium/sandboxes" 2>/dev/null)"
equals "nor of their names" "" "$(ls "$XDG_STATE_HOME/vivarium/names" 2>/dev/null)"
[ "$failures" = 0 ]
