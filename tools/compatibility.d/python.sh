#!/bin/bash
# program: python3
# packages: python3 libpython3.11-testsuite
# does: Python's own tests (`python3 -m test`): os, posix, subprocess, threading, signal, socket, mmap, tempfile, shutil, select, asyncio, multiprocessing, sqlite3
# seconds: 3600
. "${0%/*}/lib.sh"
version python3.11
python=python3.11
# LEFT_OUT names what is not run, as PATTERN|WHY; it is shown in the table.
LEFT_OUT=(
  '*UDPLITE*|UDP-Lite is not implemented (EPROTONOSUPPORT)'
  'test_disk_usage|the root of a fresh sandbox has nothing of its own in use'
)
arguments=()
for entry in "${LEFT_OUT[@]}"; do
  arguments+=(-i "${entry%%|*}")
  echo "limit: ${entry%%|*} is left out: ${entry#*|}"
done
$python -c 'import test.test_os' 2>/dev/null || { echo "skip all: no test suite of Python here"; exit 0; }
all="os posix subprocess threading signal socket mmap tempfile shutil select asyncio multiprocessing_fork multiprocessing_spawn multiprocessing_forkserver sqlite3"
modules=${COMPAT_MODULES:-$all}
for module in $all; do
  case " $modules " in *" $module "*) ;; *) echo "skip test_$module: not asked for" ;; esac
done
for module in $modules; do
  $python -c "import test.test_$module" 2>"$work/log" || { echo "skip test_$module: not in Debian's package: $(one_line 1 <"$work/log")"; continue; }
  timeout -k 5 1200 $python -m test -u none "${arguments[@]}" "test_$module" >"$work/log" 2>&1
  code=$?
  total=$(grep -aoE 'Total tests: [^ ]*' "$work/log" | head -n 1)
  if [ $code -eq 0 ]; then
    echo "ok test_$module${total:+ ($total)}"
  else
    fail "test_$module" "ends with $code: $(grep -aE '^(ERROR|FAIL|Timeout)' "$work/log" | sort -u | one_line 12)"
    [ -z "$COMPAT_VERBOSE" ] || tail -n 200 "$work/log" | sed 's/^/# /'
  fi
done
