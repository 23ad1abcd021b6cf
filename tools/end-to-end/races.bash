# Several clients at once on the same sandbox: start, exec, stop, kill, pause, cp, diff, inspect, rm. Whoever comes too late is
# told so in one line; nobody hangs, nothing is left, and the sandbox ends as one of them asked. Set rounds.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
RANDOM=${SEED:-$$}
echo "# seed ${SEED:-$$}"
one() { # one NAME COMMAND...: what it said and how it ended go to files
  local name=$1
  shift
  timeout -k 5 60 "$viv" "$@" >"$round/$name.out" 2>"$round/$name.err" </dev/null
  echo $? >"$round/$name.code"
}
# The verbs of a round, in any order and at any time after each other.
actions=(
  'exec exec box true' 'exec2 exec box sh -c "sleep 0.2; exit 3"' 'stop stop -t 1 box' 'kill kill box' 'rm rm box' 'force rm --force box'
  'ps ps -a --format json' 'inspect inspect box' 'logs logs box' 'diff diff box' 'pause pause box' 'unpause unpause box' 'wait wait box'
  'again run -d --name box host -- sleep 30' 'cp cp box:/etc/hostname -'
)
wrong=0
complain() { wrong=$((wrong + 1)); fail "round $n: $1" "$2"; }
for n in $(seq "$rounds"); do
  round=$work/round$n
  mkdir -p "$round"
  if ! run_viv run -d --name box host -- sh -c 'echo begun; exec sleep 1000' >/dev/null; then
    complain "it starts" "$(cat "$log")"
    break
  fi
  jobs=() rest=("${actions[@]}")
  for _ in {1..7}; do
    at=$((RANDOM % ${#rest[@]}))
    eval "set -- ${rest[at]}"
    unset "rest[at]"
    rest=("${rest[@]}")
    one "$@" &
    jobs+=($!)
    [ $((RANDOM % 2)) = 0 ] || sleep "0.$((RANDOM % 4))"
  done
  # What waits must not wait for what nobody does.
  one force2 rm --force box
  wait "${jobs[@]}"
  one force3 rm --force box
  for code in "$round"/*.code; do
    name=$(basename "$code" .code)
    case $(cat "$code") in
      0 | 3 | 125 | 126 | 127 | 137 | 143) ;;
      *) complain "$name ended with $(cat "$code")" "$(cat "$round/$name.err")" ;;
    esac
    if [ "$(cat "$code")" = 125 ] && ! { [ "$(grep -c . "$round/$name.err")" = 1 ] && grep -q '^viv: ' "$round/$name.err"; }; then
      complain "$name says why in one line" "$(head -c 500 "$round/$name.err")"
    fi
    if grep -q 'should not happen\|Exception\|crashed' "$round/$name.err"; then complain "$name" "$(head -c 500 "$round/$name.err")"; fi
  done
  left=$("$viv" ps -a -q 2>&1)
  [ -z "$left" ] || complain "nothing is listed after it was removed" "$("$viv" ps -a 2>&1)"
  [ $wrong -lt 5 ] || break
  rm -rf "$round"
done
[ $wrong -gt 0 ] || ok "$rounds rounds of seven commands at once on one sandbox"
for i in {1..50}; do
  processes=$(grep -lzs "^XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR$" /proc/[0-9]*/environ | grep -v "/proc/\($$\|$BASHPID\|self\)/" | while read -r f; do { tr '\0' ' ' <"${f%environ}cmdline"; } 2>/dev/null; echo; done | grep -c 'vivarium\|sandbox.args')
  [ "$processes" = 0 ] && break
  sleep 0.2
done
equals "no process is left" 0 "$processes"
equals "nothing is left of their run directories" "" "$(ls "$XDG_RUNTIME_DIR/vivarium" 2>/dev/null)"
equals "nor of their states" "" "$(ls "$XDG_STATE_HOME/vivarium/sandboxes" 2>/dev/null)"
[ "$failures" = 0 ]
