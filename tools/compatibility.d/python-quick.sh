#!/bin/bash
# program: python3, in short
# packages: python3
# does: subprocesses, threads, sockets, asyncio, multiprocessing, mmap, select, temporary files, sqlite3 in one script
# quick: only
. "${0%/*}/lib.sh"
version python3.11
cat >t.py <<'X'
import asyncio, mmap, multiprocessing, os, select, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, threading
def square(x): return x * x
if __name__ == '__main__':
    r = subprocess.run(['sh', '-c', 'cat; echo err >&2; exit 3'], input=b'in' * 50000, capture_output=True)
    print('subprocess', len(r.stdout), r.stderr, r.returncode)
    try: subprocess.run(['sleep', '20'], timeout=0.3)
    except subprocess.TimeoutExpired: print('time limit')
    n, lock = 0, threading.Lock()
    def work():
        global n
        for _ in range(1000):
            with lock: n += 1
    ts = [threading.Thread(target=work) for _ in range(6)]
    [t.start() for t in ts]; [t.join() for t in ts]
    print('threads', n)
    with multiprocessing.Pool(2) as p: print('processes', sum(p.map(square, range(50))))
    with tempfile.TemporaryDirectory() as d:
        f = os.path.join(d, 'f')
        with open(f, 'wb') as o: o.write(b'abc' * 5000)
        with open(f, 'r+b') as o, mmap.mmap(o.fileno(), 0) as m: m[0:3] = b'xyz'; print('mmap', m[:6], len(m))
        shutil.copytree(d, d + '2'); print(os.listdir(d + '2')); shutil.rmtree(d + '2')
        db = sqlite3.connect(os.path.join(d, 'db')); db.execute('create table t(a)')
        db.executemany('insert into t values (?)', [(i,) for i in range(500)]); db.commit()
        print('sqlite', db.execute('select sum(a) from t').fetchone())
    a, b = socket.socketpair(); a.send(b'x'); print('select', select.select([b], [], [], 5)[0] == [b])
    got = []
    signal.signal(signal.SIGALRM, lambda s, f: got.append(s)); signal.setitimer(signal.ITIMER_REAL, 0.1); signal.pause(); print('signal', [int(s) for s in got])
    async def main():
        async def serve(r, w): w.write((await r.readline()).upper()); await w.drain(); w.close()
        s = await asyncio.start_server(serve, '127.0.0.1', 0)
        async def ask(i):
            r, w = await asyncio.open_connection('127.0.0.1', s.sockets[0].getsockname()[1])
            w.write(b'line%d\n' % i); x = await r.readline(); w.close(); return x
        print('asyncio', sorted(await asyncio.gather(*[ask(i) for i in range(5)])))
        p = await asyncio.create_subprocess_exec('echo', 'child', stdout=-1); print((await p.communicate())[0], p.returncode)
    asyncio.run(main())
X
same "one script of all" "subprocess 100000 b'err\\n' 3
time limit
threads 6000
processes 40425
mmap b'xyzabc' 15000
['f']
sqlite (124750,)
select True
signal [14]
asyncio [b'LINE0\\n', b'LINE1\\n', b'LINE2\\n', b'LINE3\\n', b'LINE4\\n']
b'child\\n' 0" python3 t.py
