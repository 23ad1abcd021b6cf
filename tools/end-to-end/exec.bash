# Sourced: what viv exec does, for any engine. check_exec PREFIX IMAGE RUN_FLAG...: a name for the checks, an image with sh,
# and how to run it.
check_exec() {
  local prefix=$1 image=$2 got pid i
  shift 2
  "$viv" run -d --name box -e V=one -w /tmp "$@" "$image" sh -c 'echo first; exec sleep 1000' >/dev/null 2>"$log" ||
    { fail "$prefix: a sandbox runs" "$(cat "$log")"; return; }
  box() { run_viv exec "$@"; }
  equals "$prefix: output, errors and the exit code" "out
7 err" "$(box box sh -c 'echo out; echo err >&2; exit 7'; echo "$? $(cat "$log")")"
  equals "$prefix: it is as the first command, but for what is said" "/tmp one two 0
/ 7 ." "$(box -e W=two box sh -c 'echo $PWD $V $W $(id -u)'; box -e V= -u 7 -w / box sh -c 'echo "$PWD $(id -u) $V."')"
  equals "$prefix: it sees the other's processes, and what the other sees is it" "seen
1" "$(box box sh -c 'grep -q sleep /proc/[0-9]*/comm && echo seen; echo here >/tmp/there'; box box sh -c 'cat /tmp/there | wc -l')"
  equals "$prefix: standard input" "hi" "$(echo hi | box -i box cat)"
  equals "$prefix: without -i standard input is empty" 0 "$(echo hi | box box wc -c)"
  equals "$prefix: input beyond its end is no matter" "0 0" "$(head -c 3000000 /dev/zero | box -i box true; echo $? $(cat "$log" | wc -c))"
  head -c 3000000 /dev/urandom >"$work/random"
  equals "$prefix: 3 MB there and back" "$(sha256sum <"$work/random")" "$(box -i box cat <"$work/random" | sha256sum)"
  equals "$prefix: death by a signal" 143 "$(box box sh -c 'kill -TERM $$'; echo $?)"
  expect_error "$prefix: a missing command" 127 "command not found: nothere" "$viv" exec box nothere
  expect_error "$prefix: a user that is not there" 126 "no such user: nosuch" "$viv" exec -u nosuch box true
  expect_error "$prefix: a sandbox that is not there" 125 "no such sandbox: nobox" "$viv" exec nobox true
  expect_error "$prefix: a directory that is none" 2 "must be absolute" "$viv" exec -w here box true
  expect_error "$prefix: no command" 2 "" "$viv" exec box
  # What it leaves behind does not keep it, and has nobody at the other end.
  equals "$prefix: a process in the background does not keep it" "begun" "$(box box sh -c '(sleep 300; echo late) & echo begun')"
  equals "$prefix: its orphans are the first process's" "1 1 0" \
    "$(box box sh -c '(sleep 300 & echo $! >/tmp/orphan); p=$(cat /tmp/orphan); echo $(cut -d" " -f4 /proc/$p/stat) $(sed -n "s/^PPid:.//p" /proc/$p/status) $(cut -d" " -f4 /proc/$$/stat)')"
  "$viv" exec box sh -c 'trap "echo got it; exit 3" USR1; echo ready; while :; do sleep 0.1; done' >"$work/out" 2>"$log" &
  pid=$!
  for i in $(seq 300); do grep -q ready "$work/out" && break; sleep 0.1; done
  kill -USR1 $pid
  wait $pid
  equals "$prefix: a signal goes to the command" "3 ready got it" "$? $(echo $(cat "$work/out"))"
  # The end of the client is the end of its command.
  "$viv" exec box sh -c 'echo $$ >/tmp/pid; exec sleep 1001' 2>"$log" &
  pid=$!
  for i in $(seq 300); do [ -n "$(box box cat /tmp/pid 2>/dev/null)" ] && break; sleep 0.1; done
  kill -KILL $pid
  wait $pid 2>/dev/null
  equals "$prefix: a killed client takes its command along" "gone" \
    "$(box box sh -c 'p=$(cat /tmp/pid); for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $p 2>/dev/null || { echo gone; exit; }; sleep 0.5; done; echo alive')"
  equals "$prefix: detached it goes on" "0 done" "$(box -d box sh -c 'sleep 1; echo done >/tmp/done'; echo "$? $(box box sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do [ -e /tmp/done ] && break; sleep 0.5; done; sleep 0.1; cat /tmp/done')")"
  expect_error "$prefix: detached and missing" 127 "command not found: nothere" "$viv" exec -d box nothere
  equals "$prefix: nothing of them is left" 1 "$(box box sh -c 'n=0; for p in /proc/[0-9]*; do read -r _ _ state _ <$p/stat && [ "$state" = Z ] && n=$((n+1)); done 2>/dev/null; echo $((n == 0))')"
  # A terminal.
  if command -v tmux >/dev/null; then
    local ex_socket=$work/tmux-$prefix
    ex() { tmux -S "$ex_socket" -f /dev/null "$@"; }
    seen() { # seen NAME TEXT
      for i in $(seq 300); do ex capture-pane -p -t main | grep -qF -- "$2" && { ok "$1"; return; }; sleep 0.1; done
      fail "$1" "never saw \"$2\" on:" "$(ex capture-pane -p -t main)"
    }
    ex new-session -d -s main -x 80 -y 24 "$viv exec -it -e 'PS1=ready> ' box sh; echo ended with \$?; sleep 1000"
    seen "$prefix: a shell prompts" "ready>"
    ex send-keys -t main 'tty; stty size' Enter
    seen "$prefix: its terminal has a size" "24 80"
    ex resize-window -t main -x 100 -y 30
    ex send-keys -t main 'sleep 1; stty size' Enter
    seen "$prefix: and its new size" "30 100"
    ex send-keys -t main 'sleep 1000' Enter
    sleep 2
    ex send-keys -t main C-c
    ex send-keys -t main 'echo status $?' Enter
    seen "$prefix: Ctrl-C interrupts" "status 130"
    ex send-keys -t main 'exit 5' Enter
    seen "$prefix: and the exit code comes out" "ended with 5"
    ex kill-server
    # Another server: the first may be on its way out still, and takes a new session along.
    ex_socket=$ex_socket-again
    ex new-session -d -s main -x 80 -y 24 "$viv exec -it -e 'PS1=again> ' box sh"
    seen "$prefix: a second terminal" "again>"
    ex send-keys -t main 'echo $$ >/tmp/pid' Enter
    for i in $(seq 100); do [ "$(box box cat /tmp/pid)" != "$got" ] && break; sleep 0.1; done
    ex kill-server
    equals "$prefix: a terminal that goes away takes its shell along" "gone" \
      "$(box box sh -c 'p=$(cat /tmp/pid); for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $p 2>/dev/null || { echo gone; exit; }; sleep 0.5; done; echo alive')"
  fi
  # The end of the sandbox.
  "$viv" exec box sh -c 'echo ready; exec sleep 1000' >"$work/out" 2>"$log" &
  pid=$!
  for i in $(seq 300); do grep -q ready "$work/out" && break; sleep 0.1; done
  "$viv" kill box >/dev/null 2>&1
  wait $pid
  equals "$prefix: the sandbox's end is its end" 137 $?
  expect_error "$prefix: what has ended runs no more" 125 "not running: box" "$viv" exec box true
  "$viv" rm -f box >/dev/null 2>&1
}
