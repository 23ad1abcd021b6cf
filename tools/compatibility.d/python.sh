#!/bin/bash
# program: python3
# packages: python3 libpython3.11-testsuite xz-utils
# sources: python3.11
# does: Python's own tests (`python3 -m test`): os, posix, subprocess, threading, signal, socket, mmap, tempfile, shutil, select, asyncio, multiprocessing (fork, spawn, forkserver), sqlite3
# seconds: 7200
. "${0%/*}/lib.sh"
version python3.11
python=python3.11
# LEFT_OUT names what is not run, as PATTERN|WHY; it is shown in the table.
LEFT_OUT=(
  '*UDPLITE*|UDP-Lite is not implemented (EPROTONOSUPPORT)'
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
# The root is in memory, and a fresh one has nothing of its own in it: then test_disk_usage finds nothing in use.
head -c 1000000 /dev/zero >"$work/some"
# Debian leaves the tests of sqlite3 out of its package: they are taken from the source.
mkdir src && tar -xf /usr/src/python3.11_*.orig.tar.* -C src --strip-components 3 --wildcards '*/Lib/test/test_sqlite3' 2>/dev/null
for module in $modules; do
  if [ "$module" = sqlite3 ]; then
    [ -d src/test_sqlite3 ] || { echo "skip test_sqlite3: not in Debian's package, and its source is not here"; continue; }
    timeout -k 5 600 $python -c 'import glob, os, sys, test, unittest
test.__path__.append(sys.argv[1])
names = sorted(os.path.basename(f)[:-3] for f in glob.glob(sys.argv[1] + "/test_sqlite3/test_*.py"))
unittest.main(module=None, argv=["test"] + ["test.test_sqlite3." + n for n in names])' "$work/src" >"$work/log" 2>&1
    code=$?
    if [ $code -eq 0 ]; then
      echo "ok test_sqlite3"
    else
      fail "test_sqlite3" "ends with $code: $(grep -aE '^(ERROR|FAIL)' "$work/log" | sort -u | one_line 12)"
    fi
    continue
  fi
  $python -c "import test.test_$module" 2>"$work/log" || { echo "skip test_$module: not in Debian's package: $(one_line 1 <"$work/log")"; continue; }
  timeout -k 5 3000 $python -m test -u none "${arguments[@]}" "test_$module" >"$work/log" 2>&1
  code=$?
  total=$(grep -aoE 'Total tests: [^ ]*' "$work/log" | head -n 1)
  if [ $code -eq 0 ]; then
    echo "ok test_$module${total:+ ($total)}"
  else
    fail "test_$module" "ends with $code: $(grep -aE '^(ERROR|FAIL|Timeout)' "$work/log" | sort -u | one_line 12)"
    [ -z "$COMPAT_VERBOSE" ] || tail -n 200 "$work/log" | sed 's/^/# /'
  fi
done
