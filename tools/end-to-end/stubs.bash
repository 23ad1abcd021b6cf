# Sourced by the end-to-end scripts that watch the processes in which guest code runs.

# A stub is nobody's child. Ours map the same control region as our sandbox's process, which has our run directory in its
# environment; stubs of other sandboxes on this machine do not.
control_of() { # control_of PID: the inode of its control region
  awk '$6 == "/memfd:vivarium-control" { print $5; exit }' "/proc/$1/maps" 2>/dev/null
}
stub_processes() {
  local process control=
  for process in /proc/[0-9]*; do
    if grep -qzsx "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" "$process/environ"; then
      control=$(control_of "${process#/proc/}")
      [ -n "$control" ] && break
    fi
  done
  [ -n "$control" ] || return
  for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" 2>/dev/null) in
      */native/stub | *memfd:vivarium-stub*)
        [ "$(control_of "${process#/proc/}")" = "$control" ] && echo "${process#/proc/}"
        ;;
    esac
  done
}
# judge STRACE LEAST: whether the host answered only the calls that docs/security.md lists for a stub, with the arguments that
# the filter allows, and the filter refused at least so many; what it saw is printed.
judge() {
  python3 - "$1" "$root/docs/security.md" "$2" <<'PYTHON'
import re, sys
from collections import Counter
# A call that the filter refused is followed, in its thread, by the SIGSYS that takes it to the sentry. Of a thread's last call
# nobody knows whether that would have come: it was killed first, or strace was.
last, done, strange = {}, Counter(), set()
allowed = {
    "mmap": r"MAP_SHARED\|MAP_FIXED(, |$)",
    "futex": r"FUTEX_(WAIT|WAKE)(, |$)",
    "clone": r"flags=(CLONE_PARENT\|SIGCHLD|CLONE_VM\|CLONE_FS\|CLONE_FILES\|CLONE_SIGHAND\|CLONE_THREAD\|CLONE_SYSVSEM)(\)|,|$)",
}
def flush(tid):
    name, text = last.pop(tid, (None, ""))
    if name:
        done[name] += 1
        if name in allowed and not re.search(allowed[name], text.split(" <unfinished")[0].split(") = ")[0]):
            strange.add(text[:150])
trapped = 0
for line in open(sys.argv[1], errors="replace"):
    m = re.match(r"(\d+)\s+(.*)", line)
    if not m: continue
    tid, text = m.groups()
    if text.startswith("--- SIGSYS"):
        if last.pop(tid, None): trapped += 1
        continue
    if text.startswith("+++"):
        last.pop(tid, None)
        continue
    if text.startswith("<..."):
        continue
    if text.startswith("---"):
        continue
    call = re.match(r"(\w+)\(", text)
    if call:
        flush(tid)
        last[tid] = (call.group(1), text)
doc = open(sys.argv[2]).read()
section = re.search(r"<!-- stub calls -->(.*?)<!-- end of stub calls -->", doc, re.S)
documented = set(re.findall(r"^\| `(\w+)`", section.group(1), re.M)) if section else set()
print("trapped", trapped)
print("host calls", dict(done))
extra = sorted(set(done) - documented)
print("not documented", " ".join(extra))
for text in sorted(strange): print("not allowed", text)
sys.exit(1 if extra or strange or trapped < int(sys.argv[3]) else 0)
PYTHON
}
