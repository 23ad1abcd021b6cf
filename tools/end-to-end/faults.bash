# Sourced by faults and long-faults: faults at each boundary of a sandbox, by schedules that a seed decides (tools/faults.py). Root also
# has some with the sandbox as an ordinary user's. Set first, count,
# of the user's users_first and users_count, and the seconds after which no more begin.
. "$(dirname "$0")/lib.bash"
need python3 gcc strace
need_tracing
# schedules WHO FIRST COUNT SECONDS
schedules() {
  [ "$3" -gt 0 ] || return
  if TMPDIR=/tmp python3 "$root/tools/faults.py" "$viv" "$2" "$3" "$4" >"$work/out" 2>&1; then
    ok "$1: $(tail -n 1 "$work/out"), from $2 on"
    grep -q ^SKIP "$work/out" && skip "$1: some schedules" "$(sed -n 's/^SKIP schedule [^:]*: //p' "$work/out" | sort | uniq -c | tr -s ' \n' ' ')"
    true
  else
    fail "$1: each schedule ends well or with a clear failure, and leaves nothing" "$(grep -A 15 ^FAIL "$work/out" || cat "$work/out")" "$(tail -n 1 "$work/out")"
  fi
}
schedules "$(id -un)" "$first" "$count" "$seconds"
if [ "$(id -u)" = 0 ]; then
  if user=$(ordinary_user); then
    FAULTS_USER=$user schedules user "$users_first" "$users_count" $((seconds / 4))
  else
    skip "as an ordinary user" "$no_ordinary_user"
  fi
fi
[ "$failures" = 0 ]
