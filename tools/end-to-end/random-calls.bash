# Sourced by random-calls and long-random-calls: random system calls in a sandbox, and what must be so afterwards.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
need gcc
source_dir=$root/engine-sentry/src/test/c-fuzz
jcmd=$(cat "$root/app-cli/target/dist/.java")/bin/jcmd

mkdir -p "$work/bin"
gcc -std=gnu17 -O1 -Wall -Werror -Wno-unused-result -fno-stack-protector -fcf-protection=none -static -pthread \
  "$source_dir/fuzz.c" -o "$work/bin/fuzz" || { fail "the program compiles"; exit 1; }
chmod -R a+rX "$work/bin"

# process_of NAME: the sandbox's process on this machine
process_of() { "$viv" ps --format jsonl | grep -F "\"name\":\"$1\"" | grep -o '"pid":[0-9]*' | grep -o '[0-9]*'; }

# measure PID: "descriptors threads guest-KiB heap-KiB anonymous-KiB" of a sandbox's process, with its garbage collected
measure() {
  local fd guest=0 heap
  "$jcmd" "$1" GC.run >/dev/null 2>&1
  heap=$("$jcmd" "$1" GC.heap_info 2>/dev/null | awk '/total .*used/ { for (i = 1; i < NF; i++) if ($i == "used") sum += $(i + 1) } END { print sum + 0 }')
  for fd in "/proc/$1/fd"/*; do
    case $(readlink "$fd") in /memfd:guest-memory*) guest=$(($(stat -L -c %b "$fd") / 2)) ;; esac
  done
  echo "$(find "/proc/$1/fd" -mindepth 1 | wc -l) $(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l) $guest $heap $(awk '/^RssAnon/ { print $2 }' "/proc/$1/status")"
}

# wait_for_rest COUNT SECONDS: until the program has said "rest" so often
wait_for_rest() {
  local end=$((SECONDS + $2))
  while [ "$(grep -c '^rest' "$work/out")" -lt "$1" ]; do
    kill -0 "$viv_pid" 2>/dev/null && [ $SECONDS -lt $end ] || return 1
    sleep 0.5
  done
}

# random_calls NAME SEED SECONDS [OPTION...]
random_calls() {
  local name=$1 seed=$2 seconds=$3 viv_pid pid first last
  shift 3
  rm -f "$work/in"
  mkfifo "$work/in"
  exec 4<>"$work/in"
  "$viv" run "$@" --name "$name" -i -m 512m --pids 300 -v "$work/bin:/f" host -- /f/fuzz "$seed" "$seconds" 3 4 <&4 >"$work/out" 2>"$log" &
  viv_pid=$!
  # A sandbox on a busy machine may be slow, but one that does not get to its rest at all hangs.
  if wait_for_rest 1 $((seconds * 2 + 120)); then
    pid=$(process_of "$name")
    first=$(measure "$pid")
    echo >&4
    wait_for_rest 2 $((seconds * 2 + 120)) && last=$(measure "$pid")
    echo >&4
  fi
  timeout 60 tail --pid=$viv_pid -f /dev/null || "$viv" kill "$name" >/dev/null 2>&1
  wait $viv_pid
  equals "$name: seed $seed, $seconds s: the first process lives until the end" 0 $?
  echo "# $(grep '^calls' "$work/out"); $(grep 'processes:' "$work/out")"
  "$viv" logs --engine "$name" >"$work/sandbox.log" 2>&1
  if grep -qE 'error inside the sentry|was lost|engine failed' "$work/sandbox.log"; then
    fail "$name: no exception escapes a handler, and no process is lost" "$(tr '?' '\n' <"$work/sandbox.log" | cut -c 1-300)"
  else
    ok "$name: no exception escapes a handler, and no process is lost"
  fi
  echo "# descriptors, threads, KiB of guest memory, heap, anonymous: after a third $first; at the end $last"
  local -a before=(${first:-0 0 0 0 0}) after=(${last:-9999999 9999999 9999999 9999999 9999999})
  bounded "$name: descriptors are closed" $((after[0] - before[0])) 4
  bounded "$name: threads end" $((after[1] - before[1])) 8
  bounded "$name: guest memory is given back" $((after[2] - before[2])) 8192
  bounded "$name: nothing of ended processes stays in the heap" $((after[3] - before[3])) 8192
  bounded "$name: memory does not grow" $((after[4] - before[4])) 98304
  "$viv" rm "$name" >/dev/null 2>&1
}
bounded() { # bounded NAME GROWTH LIMIT
  if [ "$2" -le "$3" ]; then ok "$1"; else fail "$1" "grew by $2, allowed $3"; fi
}
