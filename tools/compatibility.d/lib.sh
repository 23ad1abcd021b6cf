# Sourced by the programs' tests, which run inside a sandbox (or natively, to try the tests themselves) as root.
#
# A test prints "version: TEXT", and for each thing tried one line: "ok NAME", "FAIL NAME: cause" or "skip NAME: why";
# "limit: TEXT" names something that the program does less well here. Its directory is $work, gone afterwards.
export LC_ALL=C HOME=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=${0%/*}
work=$(mktemp -d /tmp/compat.XXXXXX) && cd "$work" || exit 1
chmod 755 "$work"
failed=0
trap 'leave' EXIT
leave() {
  code=$?
  [ "$(type -t finish)" = function ] && finish
  cd / && rm -rf "$work"
  [ $code -eq 0 ] && [ $failed -ne 0 ] && code=1
  echo "end: $code"
  exit $code
}
one_line() { tr -cd '\11\12\15\40-\176' | tr '\r' '\n' | sed 's/[[:space:]]*$//' | grep -v '^$' | tail -n "${1:-3}" | cut -c 1-240 | paste -sd '|'; }
fail() {
  printf 'FAIL %s: %s\n' "$1" "$2"
  failed=1
}
# check NAME COMMAND...: it ends with 0 in time
check() {
  local name=$1 code
  shift
  within "$@" >"$work/.out" 2>&1
  code=$?
  if [ $code -eq 0 ]; then echo "ok $name"; else fail "$name" "ends with $code: $(one_line <"$work/.out")"; fi
}
# same NAME WANTED COMMAND...: what it prints, without the last newlines, is WANTED
same() {
  local name=$1 want=$2 got code
  shift 2
  got=$(within "$@" 2>&1)
  code=$?
  if [ "$got" = "$want" ]; then
    echo "ok $name"
  else
    fail "$name" "ends with $code, printed \"$(printf %s "$got" | one_line 5)\", not \"$(printf %s "$want" | one_line 5)\""
  fi
}
# like NAME PATTERN COMMAND...: a line of what it prints matches
like() {
  local name=$1 pattern=$2 got code
  shift 2
  got=$(within "$@" 2>&1)
  code=$?
  if printf '%s\n' "$got" | grep -qE -- "$pattern"; then echo "ok $name"; else
    fail "$name" "ends with $code, printed \"$(printf %s "$got" | one_line 5)\""
  fi
}
# limited NAME WHY PATTERN COMMAND...: like "like", for what is known not to work: then it is a limit and no failure
limited() {
  local name=$1 why=$2 pattern=$3
  shift 3
  if within "$@" 2>&1 | grep -qE -- "$pattern"; then echo "ok $name"; else echo "limit: $name: $why"; fi
}
# Shell functions run as they are, with no limit but the test's own.
within() {
  if [ "$(type -t "$1")" = function ]; then "$@"; else timeout -k 5 "${LIMIT:-300}" "$@"; fi
}
# until_true SECONDS COMMAND...: tries ten times a second
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}
version() { echo "version: $(dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo unknown)"; }
