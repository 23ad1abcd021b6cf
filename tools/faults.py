"""Faults at the boundaries of a sandbox, by schedules that a seed decides: python3 tools/faults.py VIV FROM COUNT [SECONDS]

Each schedule starts one sandbox, lets something go wrong while it works, and judges: it ends within a bound, with what it was to
print, or with a failure that it says; what a guest is told was done, was done; and nothing is left. The faults are made from outside:
by ptrace in the living processes (inject-faults.c), by strace's injection in a start, by signals, and by a library that lets clocks
jump. A registry is one of the test's own (faulty_registry.py): it answers short, late, wrong or no more. The product has no hook.
No further schedule begins after so many seconds. Prints a line for each schedule that went wrong (FAIL) or that
this user may not make (SKIP), and at the end one with the counts. FAULTS_JOBS many are made beside each other.
"""
import concurrent.futures, errno, json, os, random, shutil, signal, socket, subprocess, sys, tempfile, threading, time

sys.dont_write_bytecode = True  # nothing is left in the checkout
import faulty_registry  # noqa: E402

BOUND = 240  # seconds: the longest patience that is documented is 60, and the machine may have much else to do
SLOW = "delay=1500000"

# Role, call, what may become of it. A call that is refused with an error that its kind never has would tell nothing.
SOME = ["EINTR", "EAGAIN", "EIO", "ENOMEM"]
FAULTS = [
    ("gofer", "recvmsg", ["EINTR", "EAGAIN", "EIO", "ENOMEM", "retval=0", "retval=7", SLOW, "signal=KILL"]),
    ("gofer", "sendmsg", ["EINTR", "EAGAIN", "EPIPE", "ENOMEM", "ENOBUFS", SLOW, "signal=KILL"]),
    ("gofer", "openat2", ["EINTR", "EAGAIN", "EIO", "ENOMEM", "EMFILE", "ENFILE", "ENOSPC", SLOW, "signal=KILL"]),
    ("gofer", "statx", ["EINTR", "EIO", "ENOMEM", SLOW]),
    ("gofer", "getdents64", ["EINTR", "EIO", "ENOMEM", "retval=0", SLOW]),
    ("gofer", "readlinkat", ["EIO", "ENOMEM"]),
    ("gofer", "mkdirat", ["ENOSPC", "EIO", "EDQUOT", "EROFS"]),
    ("gofer", "renameat2", ["ENOSPC", "EIO", "EINTR"]),
    ("gofer", "unlinkat", ["EIO", "EINTR", "EBUSY"]),
    ("gofer", "inotify_add_watch", ["ENOSPC", "ENOMEM", "EIO"]),
    ("gofer", "close", ["EIO", "EINTR"]),
    ("netgofer", "epoll_wait", ["EINTR", "signal=KILL", SLOW]),
    ("netgofer", "socket", ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"]),
    ("netgofer", "connect", ["ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EAGAIN", "ENOBUFS", "EINTR", SLOW]),
    ("netgofer", "sendmsg", ["EAGAIN", "EINTR", "ENOBUFS", "EPIPE", "ENOMEM"]),
    ("netgofer", "recvfrom", ["EAGAIN", "EINTR", "EIO", "ENOMEM", "retval=0", "retval=3"]),
    ("netgofer", "epoll_ctl", ["ENOSPC", "ENOMEM"]),
    ("supervisor", "poll", ["EINTR", "ENOMEM", "EAGAIN", SLOW, "signal=KILL"]),
    ("supervisor", "read", ["EINTR", "EAGAIN", "EIO", SLOW]),
    ("supervisor", "write", ["EINTR", "EAGAIN", "EPIPE", "ENOBUFS"]),
    ("supervisor", "wait4", ["EINTR", SLOW, "signal=KILL"]),
    ("supervisor", "tgkill,kill", ["ESRCH", "EAGAIN", SLOW]),
    ("sentry", "recvmsg", ["EINTR", "EIO", "ENOMEM", "retval=0", "retval=5", SLOW]),
    ("sentry", "sendto", ["EINTR", "EAGAIN", "EPIPE", "ENOBUFS", SLOW]),
    ("sentry", "write", ["EINTR", "EAGAIN", "ENOSPC", "EIO", "EPIPE", "retval=1", SLOW]),
    ("sentry", "pwritev2", ["EINTR", "EAGAIN", "ENOSPC", "EIO", "EDQUOT", SLOW]),
    ("sentry", "preadv2", ["EINTR", "EAGAIN", "EIO", "ENOMEM", SLOW]),
    ("sentry", "read", ["EINTR", "EAGAIN", "EIO", SLOW]),
    ("sentry", "poll", ["EINTR", "ENOMEM", SLOW]),
    ("sentry", "accept", ["EMFILE", "ENFILE", "EINTR", "ECONNABORTED", "ENOMEM"]),
    ("sentry", "openat", ["EMFILE", "ENFILE", "ENOMEM", "EIO", "ENOSPC", "EINTR"]),
    ("sentry", "rename,unlink", ["EIO", "ENOSPC", "EINTR"]),
    ("sentry", "epoll_wait", ["EINTR"]),
    ("sentry", "epoll_ctl", ["ENOSPC", "ENOMEM"]),
    ("sentry", "fsync,ftruncate,fallocate", ["EIO", "ENOSPC", "EINTR"]),
    ("sentry", "madvise", ["EAGAIN", "ENOMEM"]),
    ("sentry", "signal", ["KILL", "STOP1", "STOP3"]),
    ("gofer", "signal", ["KILL", "STOP1", "STOP3"]),
    ("netgofer", "signal", ["KILL", "STOP1", "STOP3"]),
    ("supervisor", "signal", ["KILL", "STOP1", "STOP3"]),
    ("stub", "signal", ["KILL", "STOP1"]),
    ("client", "signal", ["KILL", "STOP1", "INT"]),
    ("all", "signal", ["STOP1", "STOP3"]),
    ("output", "", ["closed", "slow", "full"]),
    ("records", "write,pwritev2,ftruncate,fallocate", ["ENOSPC", "EIO", "EINTR", "EDQUOT", "retval=37"]),
    ("start", "openat,read,pread64,fstat,newfstatat,statx", ["EIO", "EMFILE", "ENFILE", "ENOMEM", "EINTR", "ENOSPC", "retval=0"]),
    ("start", "socketpair,socket,bind,listen,memfd_create,timerfd_create,eventfd2,epoll_create1", ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"]),
    ("start", "unshare,mount,pivot_root,setns,sethostname,landlock_create_ruleset,seccomp,pidfd_open", ["EPERM", "ENOSPC", "ENOMEM", "EINVAL"]),
    ("start", "mkdir,rename,symlink,link,fallocate,ftruncate", ["ENOSPC", "EIO", "EDQUOT", "EROFS"]),
    ("clock", "", ["real", "monotonic", "both"]),
    ("registry", "manifest", ["403", "404", "429", "500", "503", "short", "reset", "wrong", "slow", "late", "bytewise", "silent", "long", "garbage", "headers",
                              "redirect",                              "length", "dies", "kill"]),
    ("registry", "blob", ["404", "429", "500", "503", "short", "short", "no-ranges", "reset", "wrong", "slow", "late", "late", "bytewise", "silent", "long", "garbage",
                          "headers", "redirect", "length", "dies", "kill", "kill"]),
    ("registry", "any", ["500", "503", "short", "reset", "garbage", "slow", "dies", "kill"]),
]

# How often a call is made while the guest works, where that is seldom: so that the turn of the fault comes.
SELDOM = {"accept": 1, "recvfrom": 2, "connect": 1, "socket": 1, "mkdirat": 1, "renameat2": 1, "unlinkat": 2, "inotify_add_watch": 1, "readlinkat": 1,
          "getdents64": 3, "fsync,ftruncate,fallocate": 1, "pwritev2": 1, "rename,unlink": 2, "tgkill,kill": 2, "epoll_ctl": 1, "epoll_wait": 5, "openat": 1}
# What only the gofer of mounts does.
OF_MOUNTS = ("mkdirat", "renameat2", "unlinkat", "inotify_add_watch")

# What the guest does. A step says ok only if what it did is what it should be.
GUEST = r"""
read -r line
step() { name=$1; shift; if ("$@") >/tmp/said 2>&1; then echo "$name ok"; else echo "$name failed"; fi; }
files() { mkdir /shared/d && seq 2000 >/shared/d/a && cp /shared/d/a /shared/d/b && mv /shared/d/b /shared/d/c && cmp /shared/d/a /shared/d/c &&
  [ "$(tail -n 1 /shared/d/c)" = 2000 ] && sync /shared/d/c && truncate -s 5 /shared/d/a && [ "$(cat /shared/d/a)" = "1
2
3" ] && [ "$(ls /shared/d | tr '\n' ' ')" = "a c " ] && rm -r /shared/d && [ ! -e /shared/d ]; }
image() { [ -d /usr/bin ] && ls -l /usr/sbin >/tmp/list && [ -s /tmp/list ] && grep -q root /etc/passwd && readlink /bin >/dev/null; }
pipes() { [ "$(seq 3000 | sort -n | tail -n 1)" = 3000 ]; }
forks() { for i in 1 2 3 4 5; do (exit 3) & wait $!; [ $? = 3 ] || return 1; done; }
network() { exec 7<>/dev/tcp/host.vivarium.internal/PORT && echo hello >&7 && read -r -t 20 answer <&7 && [ "$answer" = olleh ]; }
sleeps() { sleep 0.2; }
step files files; step image image; step pipes pipes; step forks forks; step network network; step sleeps sleeps
echo done
"""
STEPS = ["files", "image", "pipes", "forks", "network", "sleeps"]

CLOCK = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
/*
 * Clocks that jump: by SECONDS of real time there and back, at every so many looks, or some of monotonic time ahead, once. What waits
 * until a time waits so much longer then, since the host's kernel knows nothing of the jump.
 */
static long looks;
int clock_gettime(clockid_t id, struct timespec *t) {
  int r = (int)syscall(SYS_clock_gettime, id, t);
  const char *kind = getenv("VIVARIUM_TEST_CLOCK"), *far = getenv("VIVARIUM_TEST_JUMP");
  if (r || !kind || !far)
    return r;
  long n = __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED), jump = atol(far);
  if (id == CLOCK_REALTIME && (*kind == 'r' || *kind == 'b'))
    t->tv_sec += n / 100 % 3 == 1 ? jump : n / 100 % 3 == 2 ? -jump : 0;
  if (id == CLOCK_MONOTONIC && (*kind == 'm' || *kind == 'b') && n > 3000)
    t->tv_sec += 7;
  return r;
}
"""


def processes():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    text = f.read()
                end = text.rindex(")")
                state, parent = text[end + 2 :].split()[:2]
                found[int(name)] = (state, int(parent))
            except (OSError, ValueError):
                pass
    return found


def start_time(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            text = f.read()
        fields = text[text.rindex(")") + 2 :].split()
        return None if fields[0] in "ZX" else fields[19]
    except OSError:
        return None


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except OSError:
        return ""


class Listener(threading.Thread):
    """A server on this machine's loopback that answers each line backwards."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                continue
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer:
            try:
                line = peer.recv(100).strip()
                if line:
                    peer.sendall(line[::-1] + b"\n")
            except OSError:
                pass


class Schedule:
    def __init__(self, viv, seed, work, port, user, image):
        self.viv, self.seed, self.user = viv, seed, user
        self.random = random.Random(seed)
        # Every kind of fault has its turn; how it comes about is chance.
        self.role, self.call, kinds = FAULTS[(seed * 29) % len(FAULTS)]
        self.kind = self.random.choice(kinds)
        self.base = f"{work}/{seed}"
        self.name = f"fault{seed}"
        os.makedirs(f"{self.base}/r", 0o700)
        os.makedirs(f"{self.base}/shared")
        os.makedirs(f"{self.base}/tmp")
        with open(f"{self.base}/shared/work.sh", "w") as f:
            f.write(GUEST.replace("PORT", str(port)))
        if user:
            for path in (self.base, f"{self.base}/r", f"{self.base}/shared", f"{self.base}/tmp"):
                os.chown(path, user, user)
        self.environment = dict(
            os.environ,
            VIVARIUM_NO_BUILD="1",
            HOME=self.base,
            XDG_STATE_HOME=f"{self.base}/state",
            XDG_DATA_HOME=f"{self.base}/data",
            XDG_RUNTIME_DIR=f"{self.base}/r",
            TMPDIR=f"{self.base}/tmp",
            VIVARIUM_TEST_FAULTS=str(self.seed),
        )
        self.port, self.image = port, image
        self.known = {}
        self.helpers = []
        self.problems = []
        self.hung = ""
        self.changed = ""
        self.skipped = ""

    def as_user(self, words):
        if not self.user:
            return words
        return ["setpriv", "--reuid", str(self.user), "--regid", str(self.user), "--clear-groups"] + words

    def when(self):
        first = self.random.choice([1, 1, 2, 3, 5, 8, 13, 21, 40])
        if self.role != "start":
            first = min(first, SELDOM.get(self.call, 40))
        step = self.random.choice([0, 0, 7, 3, 1]) if self.kind != "signal=KILL" else 0
        if self.kind == SLOW and step:
            step = 15
        # An error that never ends is no fault but an end: what only says "again" comes at most every second time.
        if step == 1 and self.kind in ("EINTR", "EAGAIN"):
            step = 2
        return first, step

    def inject(self, pid):
        """Attaches to a living process (inject-faults.c); returns when it has all of its threads."""
        first, step = self.when()
        what = self.kind
        if what.startswith("E"):
            what = f"error={getattr(errno, what)}"
        elif what == "signal=KILL":
            what = "signal=9"
        process = subprocess.Popen([os.environ["FAULTS_INJECT"], str(pid), self.call, str(first), str(step), what], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if process.stdout.readline() or start_time(pid) is None:
            self.helpers.append(process)
        else:
            # A process that made itself undumpable is closed to who is not root.
            process.communicate()
            self.skipped = f"this user may not trace the {self.role}"

    def injection(self):
        first, step = self.when()
        what = "error=" + self.kind if self.kind.startswith("E") else self.kind
        return f"inject={self.call}:{what}:when={first}" + (f"+{step}" if step else "")

    def roles(self):
        """The processes of the sandbox by role, as its own process's descriptors tell, without asking it."""
        try:
            run = f"{self.base}/r/vivarium"
            ids = [d for d in os.listdir(run) if len(d) == 12]
            with open(f"{run}/{ids[0]}/state.json") as f:
                sentry = json.load(f)["pid"]
        except (OSError, IndexError, ValueError, KeyError):
            return {}
        roles = {"sentry": [sentry]}
        control = ""
        for line in read(f"/proc/{sentry}/maps").splitlines():
            if "vivarium-control" in line:
                control = line.split()[4]
                break
        parts = {}
        try:
            for fd in os.listdir(f"/proc/{sentry}/fdinfo"):
                for line in read(f"/proc/{sentry}/fdinfo/{fd}").splitlines():
                    if line.startswith("Pid:") and int(line.split()[1]) > 0:
                        pid = int(line.split()[1])
                        name = read(f"/proc/{pid}/cmdline").split("\0")[0]
                        role = {"vivarium-supervisor": "supervisor", "vivarium-gofer": "gofer", "vivarium-netgofer": "netgofer"}.get(name)
                        if role and pid not in roles.get(role, []):
                            roles.setdefault(role, []).append(pid)
        except OSError:
            pass
        for supervisor in roles.get("supervisor", []):
            roles["stub"] = [pid for pid, (_, parent) in processes().items() if parent == supervisor]
        for pids in roles.values():
            for pid in pids:
                if (at := start_time(pid)) is not None:
                    self.known[pid] = at
        return roles

    def run(self):
        if self.role == "registry":
            self.pull()
        else:
            self.work()

    def pull(self):
        """An image comes from a registry some of whose answers are not what they should be; then the registry is well again."""
        first, step = self.random.choice([1, 1, 2, 3]), self.random.choice([0, 0, 1, 2])
        kind, step = ("slow", 1) if self.kind == "kill" else (self.kind, 0 if self.kind in ("silent", "late") else step)
        faulty = faulty_registry.FaultyRegistry(self.image, self.call, kind, first, step, self.seed)
        well = faulty_registry.FaultyRegistry(self.image)
        try:
            # Asked for by each of two at once, now and then: one fetches, the other waits for it.
            words = ["run", "--rm"] if self.kind == "late" or self.random.random() < 0.3 else ["pull"]
            pulls = [self.viv_process(*words, "--progress", "none", f"127.0.0.1:{faulty.port}/faults/image:1", into=f"pull{i}")
                     for i in range(self.random.choice([1, 1, 1, 2]))]
            began = time.monotonic()
            if self.kind == "kill":
                time.sleep(0.2 + self.random.random() * 2.5)
                self.send(pulls[0].pid, signal.SIGKILL)
            for i, pull in enumerate(pulls):
                code = self.wait(pull, began)
                said = read(f"{self.base}/pull{i}.err")
                fine = code == 0 or code == 125 and said.startswith("viv: ") and said.count("\n") == 1 or code == -signal.SIGKILL and self.kind == "kill"
                if code is not None and not fine:
                    self.problems.append(f"{words[0]} ended with {code}: {said[:300]!r}")
                if code == 0 and words[0] == "run" and read(f"{self.base}/pull{i}.out") != self.image.says:
                    self.problems.append("run printed something else")
                if code not in (0, None) and self.kind == "late":
                    self.problems.append(f"a registry that only is late is none to it: {said[:300]!r}")
                if self.call == "blob" and self.kind == "wrong" and step == 1 and first == 1 and code == 0:
                    self.problems.append("it took blobs whose digests are wrong")
                if code == 0:
                    self.expect("run --rm --pull never", self.image.says, "run", "--rm", "--pull", "never", f"127.0.0.1:{faulty.port}/faults/image:1")
                elif len(pulls) == 1:
                    self.expect("images after a pull that failed", "", "images", "-q")
            self.changed = f"changed {faulty.changed} of {faulty.seen}"
            faulty.stop()
            self.expect("verify", None, "verify")
            self.expect("run from a registry that is well", self.image.says, "run", "--rm", "--progress", "none", f"127.0.0.1:{well.port}/faults/image:1")
            self.leftovers()
        finally:
            faulty.stop()
            well.stop()

    def viv_process(self, *words, into):
        process = subprocess.Popen(self.as_user([self.viv, *words]), env=self.environment, stdin=subprocess.DEVNULL, stdout=open(f"{self.base}/{into}.out", "w"),
                                   stderr=open(f"{self.base}/{into}.err", "w"), cwd=self.base)
        self.known[process.pid] = start_time(process.pid)
        return process

    def expect(self, what, wanted, *words):
        """What must succeed, whatever was before."""
        code = self.wait(self.viv_process(*words, into="expected"), time.monotonic())
        said, error = read(f"{self.base}/expected.out"), read(f"{self.base}/expected.err")
        if code is not None and (code != 0 or wanted is not None and said != wanted):
            self.problems.append(f"{what}: {code}: {said[:200]!r} {error[:300]!r}")

    def work(self):
        words = [self.viv, "run", "-i", "--rm", "--name", self.name, "--allow", f"host.vivarium.internal:{self.port}", "-v", f"{self.base}/shared:/shared:rw"]
        if self.role == "records" or self.random.random() < 0.15:
            words += ["--trace", f"{self.base}/trace.jsonl", "--report", f"{self.base}/report.json"]
            open(f"{self.base}/trace.jsonl", "w").close()
            open(f"{self.base}/report.json", "w").close()
            if self.user:
                for name in ("trace.jsonl", "report.json"):
                    os.chown(f"{self.base}/{name}", self.user, self.user)
        words += ["host", "bash", "/shared/work.sh"]
        environment = dict(self.environment)
        if self.role == "clock":
            environment.update(LD_PRELOAD=os.environ["FAULTS_CLOCK"], VIVARIUM_TEST_CLOCK=self.kind,
                               VIVARIUM_TEST_JUMP=str(self.random.choice([3, 60, 86400, 40000000, -86400])))
        words = self.as_user(words)
        if self.role == "start":
            # Every process from the first on, each thread's own nth call; of files, only what is read of the store.
            words = ["strace", "-f", "-q", "--seccomp-bpf", "-o", f"{self.base}/strace", "-e", "trace=" + self.call, "-e", self.injection()] + (
                ["-P", f"{self.base}/state", "-P", f"{self.base}/r", "-P", f"{self.base}/shared", "-P", f"{self.base}/r/vivarium",
                 "-P", f"{self.base}/data"] if self.call.startswith(("openat", "mkdir")) else []) + words
        output = open(f"{self.base}/out", "w")
        target = output
        reader = None
        if self.role == "output":
            if self.kind == "full" and os.path.exists("/dev/full"):
                target = open("/dev/full", "w")
            else:
                mine, target = os.pipe()
                reader = os.fdopen(mine, "rb", 0)
        began = time.monotonic()
        client = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=target, stderr=open(f"{self.base}/err", "w"), cwd=self.base)
        if reader:
            os.close(target)
            if self.kind == "closed":
                reader.close()
        self.known[client.pid] = start_time(client.pid)
        roles = {}
        # It runs when its state says so; then the guest waits for the line that begins its work.
        while client.poll() is None and time.monotonic() - began < BOUND:
            roles = self.roles()
            if roles.get("stub") and len(roles["stub"]) > 1:
                break
            time.sleep(0.05)
        pids = roles.get(self.role if self.role != "records" else "sentry", [])
        if self.role in ("gofer", "netgofer", "supervisor", "sentry") and self.call != "signal" and pids:
            # The gofer of the image is the older of the two.
            self.inject(max(pids) if self.call in OF_MOUNTS else self.random.choice(pids))
        elif self.role == "records" and pids:
            self.inject(pids[0])
        try:
            client.stdin.write(b"go\n")
            client.stdin.flush()
        except OSError:
            pass
        second = None
        if self.random.random() < 0.3 and self.role not in ("start", "clock"):
            second = subprocess.Popen(self.as_user([self.viv, "exec", self.name, "sh", "-c", "echo here; cat /etc/hostname >/dev/null; exit 3"]), env=self.environment,
                                      stdin=subprocess.DEVNULL, stdout=open(f"{self.base}/exec.out", "w"), stderr=open(f"{self.base}/exec.err", "w"), cwd=self.base)
            self.known[second.pid] = start_time(second.pid)
        if self.call == "signal":
            self.disturb(roles, client, second)
        if reader and self.kind == "slow":
            threading.Thread(target=self.drain, args=(reader,), daemon=True).start()
        code = self.wait(client, began)
        self.roles()
        second_code = self.wait(second, began) if second else None
        for helper in self.helpers:
            helper.send_signal(signal.SIGINT)
        for helper in self.helpers:
            try:
                self.changed = helper.communicate(timeout=5)[0].strip()
            except subprocess.TimeoutExpired:
                helper.kill()
                helper.wait()
        self.judge(code, second_code)

    def drain(self, reader):
        with reader:
            while data := reader.read(16):
                time.sleep(0.1)

    def disturb(self, roles, client, second):
        time.sleep(self.random.random() * 1.5)
        if self.role == "client":
            pids = [self.random.choice([client, second]).pid if second else client.pid]
        elif self.role == "all":
            pids = [pid for some in roles.values() for pid in some]
        else:
            some = roles.get(self.role, [])
            if self.role == "stub":
                some = [p for p, (_, parent) in processes().items() if parent in roles.get("supervisor", [])]
            pids = [self.random.choice(some)] if some else []
        number = {"K": signal.SIGKILL, "S": signal.SIGSTOP, "I": signal.SIGINT}[self.kind[0]]
        for pid in pids:
            self.send(pid, number)
        if number == signal.SIGSTOP:
            time.sleep(int(self.kind[4:]))
            for pid in pids:
                self.send(pid, signal.SIGCONT)

    @staticmethod
    def send(pid, number):
        try:
            os.kill(pid, number)
        except OSError:
            pass

    def wait(self, process, began):
        try:
            return process.wait(max(1, BOUND - (time.monotonic() - began)))
        except subprocess.TimeoutExpired:
            self.problems.append(f"pid {process.pid} has not ended within {BOUND} s")
            self.hung = self.look()
            process.kill()
            process.wait()
            return None

    def look(self):
        """What its processes are at, for who has to find out why."""
        lines = []
        for pid in [p for p, at in self.known.items() if start_time(p) == at]:
            lines.append(f"{pid} " + read(f"/proc/{pid}/cmdline").replace("\0", " ")[:60])
            try:
                for thread in os.listdir(f"/proc/{pid}/task"):
                    at = f"/proc/{pid}/task/{thread}"
                    lines.append(f"  {read(at + '/comm').strip()} {read(at + '/stat').split(') ')[-1][:1]} {read(at + '/wchan')} {read(at + '/syscall').split(' ')[0]}")
            except OSError:
                pass
        return "\n".join(lines)

    def judge(self, code, second_code):
        said = read(f"{self.base}/out").split("\n")[:-1]
        errors = [line for line in read(f"{self.base}/err").splitlines() if line]
        ours = [line for line in errors if line.startswith("viv: ")]
        steps = said[:-1] if said[-1:] == ["done"] else said
        wrong = [s for s in said if s != "done" and (not s.endswith((" ok", " failed")) or s.split(" ")[0] not in STEPS)]
        if self.role != "output" and wrong:
            self.problems.append(f"printed what nobody wrote: {wrong[:3]}")
        # A line that could not be written is no loss if the guest was told so.
        write_errors = sum("write error: " in line for line in errors)
        if self.role != "output" and not self.is_part_of_steps(steps, write_errors):
            self.problems.append("a line of its output is missing")
        if code == 0:
            if self.role != "output" and said[-1:] != ["done"] and not write_errors:
                self.problems.append("it ended with 0 and not all output is there")
        elif code is not None:
            # The client that was killed or interrupted tells nothing; a guest's process that was killed is its own affair.
            # The shell inside may say it too: what it was to run could not be read.
            told = code in (124, 125) and len(ours) >= 1 or code in (126, 127) and len(errors) >= 1
            mine = self.role == "client" or code < 0 and self.role in ("sentry", "all")
            guests = code in (1, 2, 130, 137, 141, 143) or self.role == "output"
            # What it had to say may have met the fault as well.
            mine |= self.role in ("sentry", "records") and "write" in self.call.split(",") and self.kind.startswith("E")
            if not (told or mine or guests):
                self.problems.append(f"it ended with {code} and does not say why")
        if len(ours) > 1 and not all("degraded" in o or "warn" in o for o in ours[:-1]):
            self.problems.append("it says more than one line")
        if any("Exception" in line or line.startswith("\tat ") for line in errors):
            self.problems.append("it shows a stack")
        if second_code is not None:
            text, said_there = read(f"{self.base}/exec.out"), read(f"{self.base}/exec.err")
            fine = second_code == 3 and text == "here\n"
            failed = second_code in (125, 126, 127) and said_there.startswith("viv: ") and said_there.count("\n") == 1
            killed = self.role in ("client", "stub", "sentry", "output", "all") or second_code in (1, 2, 137, 143)
            if not (fine or failed or killed):
                self.problems.append(f"exec ended with {second_code}: {text!r} {said_there!r}")
        self.leftovers()

    @staticmethod
    def is_part_of_steps(steps, missing):
        """Whether these lines are those of the first steps, in order, but for so many."""
        rest = iter(STEPS)
        names = [s.split(" ")[0] for s in steps]
        if not all(name in rest for name in names):
            return False
        return not names or STEPS.index(names[-1]) + 1 - len(names) <= missing

    def leftovers(self):
        # One that ended in good order is gone. What a killed process could not settle, the next command does.
        places = [f"{self.base}/r/vivarium", f"{self.base}/state/vivarium/sandboxes", f"{self.base}/state/vivarium/names"]
        if any(os.path.isdir(p) and [e for e in os.listdir(p) if e != "networks"] for p in places):
            self.settle()
        self.nothing_left()

    def settle(self):
        listing = subprocess.run(self.as_user([self.viv, "ps", "-a", "--format", "json"]), env=self.environment, capture_output=True, text=True, timeout=180, cwd=self.base)
        try:
            rows = json.loads(listing.stdout or "[]")
        except ValueError:
            rows = []
        if listing.returncode or any(r["status"] in ("running", "created", "paused") for r in rows):
            for _ in range(100):
                time.sleep(0.1)
                if not [p for p, at in self.known.items() if start_time(p) == at]:
                    break
            listing = subprocess.run(self.as_user([self.viv, "ps", "-a", "--format", "json"]), env=self.environment, capture_output=True, text=True, timeout=180, cwd=self.base)
            if listing.returncode or any('"%s"' % s in listing.stdout for s in ("running", "created", "paused")):
                self.problems.append("ps: " + (listing.stdout + listing.stderr)[:200])
            # One that was to leave nothing is no longer there.
            rows = json.loads(listing.stdout) if listing.returncode == 0 else rows
        names = [r["name"] for r in rows]
        if names:
            removed = subprocess.run(self.as_user([self.viv, "rm", "-f", *names]), env=self.environment, capture_output=True, text=True, timeout=180, cwd=self.base)
            if removed.returncode:
                self.problems.append("rm: " + removed.stderr[:200])

    def nothing_left(self):
        deadline = time.monotonic() + 15
        left = []
        while time.monotonic() < deadline:
            left = [p for p, at in self.known.items() if start_time(p) == at] + self.ours()
            if not left:
                break
            time.sleep(0.1)
        for pid in set(left):
            self.problems.append(f"left: process {pid} {read(f'/proc/{pid}/cmdline')[:60]!r}")
        if left:
            self.hung = self.hung or self.look()
            for pid in set(left):
                self.send(pid, signal.SIGKILL)
        for where, fine in ((f"{self.base}/r/vivarium", ("networks", "spare")), (f"{self.base}/state/vivarium/names", ()), (f"{self.base}/state/vivarium/sandboxes", ()), (f"{self.base}/tmp", ("hsperfdata_root", "hsperfdata_nobody"))):
            if os.path.isdir(where):
                rest = [e for e in os.listdir(where) if e not in fine and not (where.endswith("/r/vivarium") and not os.listdir(f"{where}/{e}") and len(e) != 12 if os.path.isdir(f"{where}/{e}") else False)]
                if rest:
                    self.problems.append(f"left: {where.removeprefix(self.base)}: {rest[:3]}")
        mounts = [m for m in read("/proc/self/mounts").splitlines() if self.base in m or "vivarium" in m]
        if mounts:
            self.problems.append(f"left: a mount: {mounts[0]}")

    def ours(self):
        """Whoever has our run directory in its environment."""
        mark = f"VIVARIUM_TEST_FAULTS={self.seed}\0".encode()
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/environ", "rb") as f:
                        if mark in f.read() and start_time(name) is not None:
                            found.append(int(name))
                except OSError:
                    pass
        return found


def main():
    viv, first, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    user = int(os.environ.get("FAULTS_USER", "0"))
    work = tempfile.mkdtemp(prefix="faults")
    os.chmod(work, 0o755)
    listener = Listener()
    image = faulty_registry.Image(work)
    clock = f"{work}/clock.so"
    with open(f"{work}/clock.c", "w") as f:
        f.write(CLOCK)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", clock, f"{work}/clock.c"], check=True)
    os.environ["FAULTS_CLOCK"] = clock
    inject = f"{work}/inject"
    subprocess.run(["gcc", "-O1", "-o", inject, os.path.join(os.path.dirname(os.path.abspath(__file__)), "inject-faults.c")], check=True)
    os.environ["FAULTS_INJECT"] = inject
    until = time.monotonic() + (float(sys.argv[4]) if len(sys.argv) > 4 else 1e9)
    lock = threading.Lock()
    counts = {"made": 0, "failed": 0, "skipped": 0, "idle": 0}

    def make(seed):
        if time.monotonic() > until:
            return
        schedule = Schedule(viv, seed, work, listener.port, user, image)
        began = time.monotonic()
        try:
            schedule.run()
        except subprocess.TimeoutExpired as e:
            schedule.problems.append(f"{e.cmd[-6:]} has not ended")
        what = f"{seed} {schedule.role} {schedule.call} {schedule.kind}"
        with lock:
            counts["made"] += 1
            counts["idle"] += schedule.changed.startswith("changed 0 ")
            if os.environ.get("FAULTS_VERBOSE"):
                print(f"# {what}: {schedule.changed} {time.monotonic() - began:.1f} s: {read(schedule.base + '/out').split()[-1:]} {read(schedule.base + '/err').strip()[-200:]}", flush=True)
            if schedule.problems:
                counts["failed"] += 1
                print(f"FAIL schedule {what}", *schedule.problems, sep="\n    ")
                for text in (read(f"{schedule.base}/err")[-1500:], read(f"{schedule.base}/out")[-600:], schedule.hung, read(f"{schedule.base}/strace")[-800:] if "INJECTED" in read(f"{schedule.base}/strace") else ""):
                    print(*("    " + line for line in text.splitlines()), sep="\n", flush=True)
            elif schedule.skipped:
                counts["skipped"] += 1
                print(f"SKIP schedule {what}: {schedule.skipped}", flush=True)
        if not (schedule.problems and os.environ.get("FAULTS_KEEP")):
            shutil.rmtree(schedule.base, ignore_errors=True)

    try:
        with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("FAULTS_JOBS", "1"))) as jobs:
            for _ in jobs.map(make, range(first, first + count)):
                pass
    finally:
        if not os.environ.get("FAULTS_KEEP"):
            shutil.rmtree(work, ignore_errors=True)
    print("{made} schedules, {failed} failed, {skipped} not made, in {idle} the turn of the fault did not come".format(**counts))
    sys.exit(counts["failed"] != 0)


if __name__ == "__main__":
    main()
