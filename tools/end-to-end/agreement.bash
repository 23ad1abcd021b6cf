# Two prompts, a script and the desktop at once on the same sandboxes: its own window where there can be one, else a client as it is one.
# Set rounds.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
need python3
ours=
if command -v Xvfb >/dev/null && ldconfig -p | grep -q 'libgtk-3\.so\.0'; then
  Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>"$work/display" 2>"$work/xvfb.log" &
  xvfb=$!
  cleanup() { kill "$xvfb" 2>/dev/null; }
  for _ in {1..100}; do
    [ -s "$work/display" ] && break
    sleep 0.1
  done
  [ -s "$work/display" ] && ours=:$(cat "$work/display")
fi
export DISPLAY=$ours
if said=$("$root/tools/agreement" "$viv" "$rounds" ${SEED:+"$SEED"} 2>&1); then
  ok "$rounds rounds of four clients at once, $(sed -n '/^# .*\(window\|client\)/{s/^# //;p}' <<<"$said") among them: they agree after each"
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
