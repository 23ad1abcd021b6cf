"""Many sandboxes, started, used, disturbed and ended at random: python3 tools/soak.py VIV MINUTES [SLOTS [SEED]]

At the end nothing may be left: no process, run directory, name, mount or temporary file; the store's digests are right; the sandbox
that lived all the time is no larger than after its first minute, and neither is what the host's kernel holds that is no process's.
Prints ok and FAIL lines.
"""
import json, os, random, re, shutil, signal, subprocess, sys, tempfile, threading, time

WORK = ["sleep 1000", "while :; do sleep 0.2; ls /usr/bin >/dev/null; done", "while :; do (exit 3); sleep 0.05; done",
        "seq 20000 | sort -R | tail -n 1; exit 0", "exec cat", "dd if=/dev/zero of=/tmp/big bs=1M count=30; sleep 1000", "exit 7",
        "trap '' TERM; while :; do sleep 1; done", "while :; do echo line; sleep 0.02; done"]
# With these it begins, so that all slots are taken at once.
LASTING = WORK[:3] + WORK[7:]

WORKERS = 4


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def pss(pid):
    m = re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)
    return int(m.group(1)) // 1024 if m else 0


def kernel_memory():
    """MiB that no process would take with it: the kernel's own, and shared memory that somebody still holds."""
    names = ("SUnreclaim", "KernelStack", "PageTables", "Shmem")
    return sum(int(m.group(2)) for m in re.finditer(r"^(\w+):\s+(\d+) kB", read("/proc/meminfo"), re.M) if m.group(1) in names) // 1024


class Soak:
    def __init__(self, viv, slots, seed):
        self.viv, self.slots, self.seed = viv, slots, seed
        self.work = tempfile.mkdtemp(prefix="soak")
        self.env = dict(os.environ, VIVARIUM_NO_BUILD="1", XDG_STATE_HOME=f"{self.work}/state", XDG_DATA_HOME=f"{self.work}/data",
                        XDG_RUNTIME_DIR=f"{self.work}/r", TMPDIR=f"{self.work}/tmp", VIVARIUM_TEST_SOAK=self.work)
        for name in ("r", "tmp", "shared", "tree/bin"):
            os.makedirs(f"{self.work}/{name}", 0o700)
        self.free = list(range(slots))
        self.lock = threading.Lock()
        self.done, self.strange = {}, []
        self.failures = 0

    def say(self, good, what, more=""):
        print(("ok " if good else "FAIL ") + what, flush=True)
        if not good:
            self.failures += 1
            print(*("    " + line for line in str(more).splitlines()[:20]), sep="\n", flush=True)

    def run(self, *words, limit=180, input=None):
        with self.lock:
            self.done[words[0]] = self.done.get(words[0], 0) + 1
        try:
            p = subprocess.run([self.viv, *words], env=self.env, capture_output=True, text=True, timeout=limit, input=input, cwd=self.work)
        except subprocess.TimeoutExpired:
            self.strange.append(f"did not end within {limit} s: viv {' '.join(words)}")
            return 255, "", ""
        if "Exception" in p.stderr or p.returncode in (1, 255) and words[0] in ("run", "ps") or len([l for l in p.stderr.splitlines() if l.startswith("viv: ")]) > 1 and words[0] != "rm":
            self.strange.append(f"viv {' '.join(words)}: {p.returncode}: {p.stderr[:300]}")
        return p.returncode, p.stdout, p.stderr

    def processes(self):
        mark = f"VIVARIUM_TEST_SOAK={self.work}\0".encode()
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid():
                try:
                    with open(f"/proc/{name}/environ", "rb") as f:
                        if mark in f.read() and read(f"/proc/{name}/stat").rsplit(") ", 1)[-1][:1] not in "ZX":
                            found.append(int(name))
                except OSError:
                    pass
        return found

    def helpers(self, name):
        """Stubs and gofers of a sandbox, by what its own process holds of them."""
        try:
            ident = os.readlink(f"{self.work}/state/vivarium/names/{name}")
            pid = json.loads(read(f"{self.work}/r/vivarium/{ident}/state.json"))["pid"]
            held = [pid]
            for fd in os.listdir(f"/proc/{pid}/fdinfo"):
                held += [int(m) for m in re.findall(r"^Pid:\s+([1-9]\d*)", read(f"/proc/{pid}/fdinfo/{fd}"), re.M)]
            return held
        except (OSError, ValueError, KeyError):
            return []

    def worker(self, number, until):
        rnd = random.Random(self.seed * 1000 + number)
        mine = [slot for slot in range(self.slots) if slot % WORKERS == number]
        while time.monotonic() < until:
            # First one in each slot, then whatever comes.
            filling = bool(mine)
            slot = mine.pop() if mine else rnd.randrange(self.slots)
            name = f"soak{slot}"
            here = os.path.lexists(f"{self.work}/state/vivarium/names/{name}")
            what = rnd.random()
            if not here or what < 0.1:
                words = ["run", "-d", "--name", name]
                if rnd.random() < 0.4:
                    words += ["-v", f"{self.work}/shared:/shared:rw"]
                if rnd.random() < 0.3:
                    words += ["--net", "full"]
                if rnd.random() < 0.2:
                    words += ["--memory", "200m", "--record"]
                if rnd.random() < 0.1:
                    words += ["--platform", "ptrace"]
                self.run(*words, rnd.choice(["host", "soak:image"]), "sh", "-c", rnd.choice(LASTING if filling else WORK))
            elif what < 0.4:
                self.run("exec", name, "sh", "-c", rnd.choice(["echo hi", "ls / >/dev/null; exit 3", "kill -9 $$"]))
            elif what < 0.5:
                self.run("kill", name)
            elif what < 0.6:
                self.run("stop", "-t", "1", name)
            elif what < 0.7:
                self.run("rm", "-f", name)
            elif what < 0.75:
                self.run("pause", name)
                self.run("unpause", name)
            elif what < 0.8:
                self.run("logs", name)
            elif what < 0.85:
                self.run("stats", "--no-stream", name)
            elif what < 0.95:
                held = self.helpers(name)
                if held:
                    with self.lock:
                        self.done["kill -9"] = self.done.get("kill -9", 0) + 1
                    try:
                        os.kill(rnd.choice(held), signal.SIGKILL)
                    except OSError:
                        pass
            else:
                self.run("ps", "-a")

    def soak(self, minutes):
        # An image of this machine's shell, so that the store and its layers are used too.
        words = "cp -a --parents $(ldd /bin/sh /bin/ls /bin/sleep /usr/bin/seq /usr/bin/sort /usr/bin/tail /bin/cat /bin/dd | grep -o '/[^ :)]*' | sort -u) tree/"
        subprocess.run(["sh", "-c", f"cd {self.work} && {words}; for f in sh ls sleep seq sort tail cat dd; do cp -L $(command -v $f) tree/bin/$f; done; mkdir -p tree/usr/bin tree/tmp; cp -aL /lib64 tree/ 2>/dev/null; true"], check=True, stderr=subprocess.DEVNULL)
        code, _, err = self.run("import", f"{self.work}/tree", "soak:image")
        self.say(code == 0, "an image is made", err)
        mounts = read("/proc/self/mounts")
        code, _, err = self.run("run", "-d", "--name", "long", "-v", f"{self.work}/shared:/shared", "--net", "full", "host", "sh", "-c", WORK[1])
        self.say(code == 0, "one sandbox begins that lives all the time", err)
        first_kernel = kernel_memory()
        began = time.monotonic()
        until = began + minutes * 60
        workers = [threading.Thread(target=self.worker, args=(i, until)) for i in range(WORKERS)]
        for w in workers:
            w.start()
        pid = first = most = 0
        while any(w.is_alive() for w in workers):
            most = max(most, len([d for d in os.listdir(f"{self.work}/r/vivarium") if len(d) == 12]) if os.path.isdir(f"{self.work}/r/vivarium") else 0)
            if not pid and time.monotonic() - began > min(60, minutes * 20):
                pid = (self.helpers("long") or [0])[0]
                first = pss(pid)
            time.sleep(1)
        print(f"# {(time.monotonic() - began) / 60:.1f} minutes, at most {most} at once: " + ", ".join(f"{n} {w}" for w, n in sorted(self.done.items())))
        last = pss(pid)
        self.say(last and last <= first * 1.3 + 20, f"the sandbox that lived all the time did not grow: {first} MiB, then {last} MiB")
        self.say(not self.strange, "every command ended, with at most one line", "\n".join(self.strange))
        names = os.listdir(f"{self.work}/state/vivarium/names")
        code, _, err = self.run("rm", "-f", *names)
        code, out, err = self.run("ps", "-a", "--format", "json")
        rest = [r["id"] for r in json.loads(out or "[]")]
        self.say(not rest, "no sandbox is left that has no name", out)
        if rest:
            self.run("rm", "-f", *rest)
        code, out, err = self.run("verify")
        self.say(code == 0, "the store verifies", out + err)
        for _ in range(200):
            left = self.processes()
            if not left:
                break
            time.sleep(0.1)
        self.say(not left, "no process is left", "\n".join(f"{p} {read(f'/proc/{p}/cmdline')[:100]}" for p in left))
        places = {w: [e for e in os.listdir(f"{self.work}/{w}") if e not in ("networks", "spare") and not e.startswith("hsperfdata")]
                  for w in ("r/vivarium", "state/vivarium/names", "state/vivarium/sandboxes", "tmp")}
        self.say(not any(places.values()), "no directory, name or temporary file is left", places)
        fresh = [m for m in read("/proc/self/mounts").splitlines() if m not in mounts.splitlines() and (self.work in m or "vivarium" in m)]
        self.say(not fresh, "no mount is left", fresh)
        kernel = kernel_memory()
        self.say(kernel <= first_kernel + 200, f"the host's kernel holds what it held: {first_kernel} MiB, then {kernel} MiB", "others on this machine count here too")
        for p in left:
            os.kill(p, signal.SIGKILL)
        shutil.rmtree(self.work, ignore_errors=True)
        return self.failures == 0


if __name__ == "__main__":
    s = Soak(os.path.abspath(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 24, int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    sys.exit(not s.soak(float(sys.argv[2])))
