# Sourced by the end-to-end scripts: runs commands with ./viv and prints "ok", "FAIL" or "skip" and a name.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
viv=${VIV:-$root/viv}
export VIVARIUM_NO_BUILD=${VIVARIUM_NO_BUILD:-1}
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/r
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
# need PROGRAM...: the whole script is skipped without it
need() {
  local program
  for program; do
    command -v "$program" >/dev/null || { skip "$(basename "$0")" "$program is not installed"; exit 0; }
  done
}
