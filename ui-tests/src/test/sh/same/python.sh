#!/bin/bash
# python3: threads, subprocesses, sqlite3, sockets, files, signals, multiprocessing.
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'cd /; rm -rf "$dir"' EXIT
/usr/bin/python3 - <<'EOF'
import asyncio, hashlib, json, mmap, os, queue, re, select, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, threading, time

total = 0
lock = threading.Lock()
def work(n):
    global total
    for _ in range(n):
        with lock:
            total += 1
ts = [threading.Thread(target=work, args=(2000,)) for _ in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
print("threads", total)
q = queue.Queue()
def consumer(out):
    while (x := q.get()) is not None:
        out.append(x * x)
out = []
t = threading.Thread(target=consumer, args=(out,)); t.start()
for i in range(100): q.put(i)
q.put(None); t.join()
print("queue", sum(out))
print(subprocess.run(["sh", "-c", "cat; echo err >&2; exit 3"], input=b"in", capture_output=True))
print(subprocess.check_output("echo a | tr a b", shell=True))
p = subprocess.Popen(["sleep", "50"]); p.terminate(); print("terminated", p.wait())
try:
    subprocess.run(["sleep", "5"], timeout=0.1)
except subprocess.TimeoutExpired:
    print("timeout expired")
db = sqlite3.connect("t.db")
db.execute("pragma journal_mode=wal")
db.execute("create table t(a integer primary key, b text)")
with db:
    db.executemany("insert into t(b) values(?)", [(str(i * i),) for i in range(2000)])
print("sqlite", db.execute("select count(*), max(a), sum(b) from t").fetchone())
other = sqlite3.connect("t.db")
other.execute("begin immediate")
db.execute("pragma busy_timeout=50")
try:
    db.execute("insert into t(b) values('x')")
except sqlite3.OperationalError as e:
    print("locked:", e)
other.rollback(); other.close(); db.close()
print(sorted(os.listdir(".")))
a, b = socket.socketpair()
a.sendall(b"hello"); print(b.recv(10)); a.close(); b.close()
s = socket.socket(socket.AF_UNIX); s.bind("s"); s.listen()
def serve():
    c, _ = s.accept()
    c.sendall(c.recv(100).upper()); c.close()
t = threading.Thread(target=serve); t.start()
c = socket.socket(socket.AF_UNIX); c.connect("s"); c.sendall(b"shout"); print(c.recv(100)); t.join()
async def main():
    async def nap(i):
        await asyncio.sleep(0.01 * i); return i
    print("asyncio", await asyncio.gather(*(nap(i) for i in range(5))))
    proc = await asyncio.create_subprocess_exec("echo", "from asyncio", stdout=subprocess.PIPE)
    print((await proc.communicate())[0])
asyncio.run(main())
hits = []
signal.signal(signal.SIGALRM, lambda *a: hits.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.02); time.sleep(0.1); print("alarm", len(hits))
pid = os.fork()
if pid == 0: os._exit(17)
print("fork", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
with open("m", "wb+") as f:
    f.truncate(8192)
    with mmap.mmap(f.fileno(), 8192) as m:
        m[4096:4100] = b"mmap"; m.flush()
    f.seek(4096); print(f.read(4))
print(hashlib.sha256(b"x" * 1000000).hexdigest())
print(json.dumps({"a": [1, 2, {"b": None}]}), re.sub("a+", "b", "caaat"))
r, w = os.pipe(); print(select.select([r], [w], [], 0)[1] == [w])
shutil.copytree("/usr/include/linux", "tree"); print(sum(len(f) for _, _, f in os.walk("tree")))
shutil.rmtree("tree")
with tempfile.NamedTemporaryFile() as f:
    f.write(b"x"); f.flush(); print(os.path.getsize(f.name))
try:
    open("/nonexistent/x")
except FileNotFoundError as e:
    print(e)
print(os.cpu_count() >= 1, sys.platform, len(os.urandom(8)), os.getpgid(0) == os.getpgrp())
EOF
echo "exit $?"
cat >pool.py <<'EOF'
import multiprocessing as mp
def square(x): return x * x
if __name__ == "__main__":
    with mp.Pool(3) as pool:
        print(sum(pool.map(square, range(200))))
    v = mp.Value("i", 0)
    def add(v):
        for _ in range(200):
            with v.get_lock(): v.value += 1
    ps = [mp.Process(target=add, args=(v,)) for _ in range(3)]
    [p.start() for p in ps]; [p.join() for p in ps]
    print(v.value)
EOF
/usr/bin/python3 pool.py
/usr/bin/python3 -c 'import sys; sys.exit(9)'; echo "exit $?"
bash -c '/usr/bin/python3 -c "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"; exit $?' 2>/dev/null; echo "exit $?"
/usr/bin/python3 -c 'raise ValueError("x")' 2>&1 | tail -n 1
echo 'print(1+1)' | /usr/bin/python3
