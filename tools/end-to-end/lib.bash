# Sourced by the end-to-end scripts: runs commands with ./viv and prints "ok", "FAIL" or "skip" and a name.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
viv=${VIV:-$root/viv}
export VIVARIUM_NO_BUILD=${VIVARIUM_NO_BUILD:-1}
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/r
# The checkpoint that sandboxes begin with is the same for all scripts.
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$root/app-cli/target/cache}
mkdir -p "$XDG_RUNTIME_DIR"
# A script that must undo something defines cleanup.
trap '[ "$(type -t cleanup)" = function ] && cleanup; rm -rf "$work"' EXIT
failures=0

ok() { echo "ok $1"; }
fail() {
  echo "FAIL $1"
  shift
  printf '%s\n' "$@" | sed 's/^/    /' | head -n 20
  failures=$((failures + 1))
}
skip() { echo "skip $1: $2"; }

# expect NAME CODE STDOUT COMMAND...: both must be so; standard input is ours
expect() {
  local name=$1 code=$2 want=$3 got actual
  shift 3
  got=$(timeout -k 5 "${LIMIT:-60}" "$@" 2>"$work/stderr")
  actual=$?
  if [ "$actual" = "$code" ] && [ "$got" = "$want" ]; then
    ok "$name"
  else
    fail "$name" "exit code $actual, wanted $code" "printed: $got" "wanted:  $want" "stderr:  $(head -c 500 "$work/stderr")"
  fi
}

# expect_error NAME CODE PATTERN COMMAND...: one line on stderr that begins "viv: " and fits, nothing on stdout
expect_error() {
  local name=$1 code=$2 pattern=$3 got actual
  shift 3
  got=$(timeout -k 5 "${LIMIT:-60}" "$@" 2>"$work/stderr")
  actual=$?
  if [ "$actual" = "$code" ] && [ -z "$got" ] && [ "$(wc -l <"$work/stderr")" = 1 ] && grep -q "^viv: .*$pattern" "$work/stderr"; then
    ok "$name"
  else
    fail "$name" "exit code $actual, wanted $code" "stdout: $got" "stderr: $(head -c 500 "$work/stderr")" "wanted: viv: ...$pattern"
  fi
}

# check NAME COMMAND...: it succeeds
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then ok "$name"; else fail "$name" "$output"; fi
}
equals() { # equals NAME WANTED GOT
  if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "wanted: $2" "got:    $3"; fi
}
contains() { # contains NAME TEXT GOT
  case $3 in
    *"$2"*) ok "$1" ;;
    *) fail "$1" "wanted to contain: $2" "got: $3" ;;
  esac
}
lacks() { # lacks NAME TEXT GOT
  case $3 in
    *"$2"*) fail "$1" "must not contain: $2" "got: $3" ;;
    *) ok "$1" ;;
  esac
}
# Runs viv with a time limit; what it says on stderr is in $log.
log=$work/log
run_viv() { timeout -k 5 "${LIMIT:-60}" "$viv" "$@" 2>"$log"; }
# Whether this script may trace processes of ours; if not, the whole of it is skipped.
may_trace() { [ "$(id -u)" = 0 ] || [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]; }
need_tracing() { may_trace || { skip "$(basename "$0")" "tracing needs root here"; exit 0; }; }
# An ordinary user's number, if root may become one that can read this checkout and make user namespaces, as a sandbox of theirs must.
ordinary_user() {
  local user=65534
  command -v setpriv >/dev/null && setpriv --reuid $user --regid $user --clear-groups test -r "$viv" 2>/dev/null &&
    setpriv --reuid $user --regid $user --clear-groups unshare --user true 2>/dev/null && echo $user
}
no_ordinary_user="such a user cannot read this checkout, or make user namespaces"
# as_user_too [NAME=VALUE...]: the last thing that a script does whose caller is root: all of it once more as an ordinary user.
as_user_too() {
  local user
  [ "$(id -u)" = 0 ] && [ -z "${NETWORKS_OF:-}" ] || return 0
  user=$(ordinary_user) || { skip "$(basename "$0") as an ordinary user" "$no_ordinary_user"; return 0; }
  mkdir -p "$work/user"
  chown "$user" "$work/user"
  chmod a+rx "$work"
  env "$@" TMPDIR="$work/user" HOME="$work/user" setpriv --reuid "$user" --regid "$user" --clear-groups "$0" || failures=$((failures + 1))
}
# kernels_for_user FOLDER: a store with a copy of the kernels for guests in FOLDER, where as_user_too's user may write. Prints its path.
kernels_for_user() {
  local part store=$work/user/.local/share/vivarium
  mkdir -p "$store/kernels"
  for part in "$1"/*; do [ "${part##*/}" = templates ] || cp -r --reflink=auto "$part" "$store/kernels/"; done
  chown -R "$(ordinary_user)" "$work/user"
  echo "$store"
}
# need_networks: for scripts that make network namespaces. Root has a twin at the end (as_user_too); an ordinary user's script goes on as the
# root of a user namespace, in which it may make them, while $viv runs as that user still.
need_networks() {
  if [ "$(id -u)" != 0 ]; then
    unshare -Urnm true 2>/dev/null || { skip "$(basename "$0")" "needs root or user namespaces, for network namespaces"; exit 0; }
    rm -rf "$work"
    trap - EXIT
    NETWORKS_OF=$(id -u) exec unshare -Urnm sh -c 'mount -t tmpfs networks /run && exec "$0"' "$0"
  fi
  [ -n "${NETWORKS_OF:-}" ] || return 0
  printf '#!/bin/sh\nexec unshare --user --map-user=%s --map-group=%s %s "$@"\n' "$NETWORKS_OF" "$NETWORKS_OF" "$viv" >"$work/viv"
  chmod +x "$work/viv"
  viv=$work/viv
}
# need PROGRAM...: the whole script is skipped without it
need() {
  local program
  for program; do
    command -v "$program" >/dev/null || { skip "$(basename "$0")" "$program is not installed"; exit 0; }
  done
}
