# Sourced by faults and long-faults: faults at each boundary of a sandbox, by schedules that a seed decides (tools/faults.py). Root also
# has some with the sandbox as an ordinary user's. Set first, count,
# of the user's users_first and users_count, and the seconds after which no more begin.
. "$(dirname "$0")/lib.bash"
need python3 gcc strace
[ "$(id -u)" = 0 ] || [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ] || { skip "$(basename "$0")" "tracing needs root here"; exit 0; }
# schedules WHO FIRST COUNT SECONDS
schedules() {
  [ "$3" -gt 0 ] || return
  if TMPDIR=/tmp python3 "$root/tools/faults.py" "$viv" "$2" "$3" "$4" >"$work/out" 2>&1; then
    ok "$1: $(tail -n 1 "$work/out"), from $2 on"
  else
    fail "$1: each schedule ends well or with a clear failure, and leaves nothing" "$(grep -A 15 ^FAIL "$work/out" || cat "$work/out")" "$(tail -n 1 "$work/out")"
  fi
}
schedules "$(id -un)" "$first" "$count" "$seconds"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  user=65534
  if setpriv --reuid $user --regid $user --clear-groups test -r "$viv" 2>/dev/null && setpriv --reuid $user --regid $user --clear-groups unshare --user true 2>/dev/null; then
    FAULTS_USER=$user schedules user "$users_first" "$users_count" $((seconds / 4))
  else
    skip "as an ordinary user" "such a user cannot read this checkout, or make user namespaces"
  fi
fi
[ "$failures" = 0 ]
