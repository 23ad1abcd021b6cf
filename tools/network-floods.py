#!/usr/bin/env python3
"""What tools/end-to-end/network-floods sends at a sandbox, and what answers in it.

network-floods.py serve | inside | many ADDRESS PORT N | syn ADDRESS PORT SOURCES N | slow ADDRESS PORT N BYTES |
                  outward ADDRESS PORT N | vanish ADDRESS PORT N BYTES | ask ADDRESS PORT
A connection says in a line what it wants: "echo N" (N bytes back), "send N" (so many), "stuck N"
(the same, but only as long as somebody reads), "count" (how many are open), "outcomes" (how many of the stuck have ended).
"""
import errno
import random
import resource
import select
import socket
import struct
import sys
import threading
import time

PIECE = bytes(range(256)) * 64
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
threading.stack_size(256 << 10)


def pattern(at, n):
    start = at % 256
    return (PIECE * ((start + n) // len(PIECE) + 1))[start : start + n]


def read_all(s, n, at=0):
    """Reads n bytes, each of which must be the one that belongs there; says how many were right."""
    got = 0
    while got < n:
        data = s.recv(min(65536, n - got))
        if not data or data != pattern(at + got, len(data)):
            break
        got += len(data)
    return got


# ---- in the sandbox ----

open_now = set()
outcomes = []


def one(s):
    s.settimeout(60)
    open_now.add(s)
    try:
        f = s.makefile("rb")
        word, _, n = f.readline().decode().strip().partition(" ")
        if word == "echo":
            s.sendall(f.read(int(n)))
        elif word == "send":
            for at in range(0, int(n), 65536):
                s.sendall(pattern(at, min(65536, int(n) - at)))
        elif word == "stuck":  # as send, to somebody who does not answer: only so long
            s.settimeout(3)
            try:
                for at in range(0, int(n), 65536):
                    s.sendall(pattern(at, min(65536, int(n) - at)))
                outcomes.append("sent")
            except OSError as e:
                outcomes.append(type(e).__name__)
        elif word == "count":
            s.sendall(b"%d %d\n" % (len(open_now) - 1, threading.active_count() - 2))
        elif word == "outcomes":
            s.sendall(b"%d\n" % len(outcomes))
    except OSError:
        pass
    finally:
        open_now.discard(s)
        s.close()


def serve():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", 9000))
    listener.listen(1024)
    print("ready", flush=True)
    while True:
        threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


def inside():
    """Over loopback, where the sandbox's kernel is at both ends. Prints the same natively."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    where = listener.getsockname()
    clients = [socket.socket() for _ in range(12)]
    for c in clients:
        c.setblocking(False)
        c.connect_ex(where)
    made = {c.fileno() for c in select.select([], clients, [], 1)[1]}
    print("a backlog of 5 takes", len(made))
    # Whoever is there now is served, whoever is not yet comes when there is room.
    served = 0
    deadline = time.monotonic() + 40
    while served < 12 and time.monotonic() < deadline:
        if select.select([listener], [], [], 1)[0]:
            s = listener.accept()[0]
            s.sendall(b"x")
            s.close()
            served += 1
    print("then all are served:", served, sum(1 for c in clients if not c.setblocking(True) and c.recv(9) == b"x"))
    for c in clients:
        c.close()

    listener.listen(1024)
    clients = [socket.create_connection(where) for _ in range(1000)]
    servers = [listener.accept()[0] for _ in clients]
    for i, c in enumerate(clients):
        c.sendall(b"%d\n" % i)
    by_port = {c.getsockname()[1]: i for i, c in enumerate(clients)}
    right = sum(1 for s in servers if s.recv(99) == b"%d\n" % by_port[s.getpeername()[1]])
    print("a thousand at once:", right)
    for s in clients + servers:
        s.close()

    a = socket.create_connection(where)
    b = listener.accept()[0]
    a.setblocking(False)
    sent = 0
    while True:
        try:
            sent += a.send(pattern(sent, 65536))
        except BlockingIOError:
            break
    print("a slow reader holds up who sends:", 0 < sent < 64 << 20)
    b.settimeout(10)
    a.shutdown(socket.SHUT_WR)
    print("and loses nothing:", read_all(b, sent) == sent and b.recv(9) == b"")

    a = socket.create_connection(where)
    b = listener.accept()[0]
    a.sendall(b"unread")
    b.close()  # with data that nobody read: a reset
    try:
        print("a peer that vanishes:", a.recv(9))
    except OSError as e:
        print("a peer that vanishes:", errno.errorcode[e.errno])


# ---- outside ----


def connect(where, word):
    s = socket.create_connection(where, 60)
    s.sendall(word.encode() + b"\n")
    return s


def ask(where, word):
    return connect(where, word).makefile().read().strip()


def many(where, n):
    """All are open before the first is asked for an answer."""
    sockets = [connect(where, "echo 5000") for _ in range(n)]
    for s in sockets:
        s.sendall(pattern(0, 5000))
    print(sum(1 for s in sockets if read_all(s, 5000) == 5000))


def syn(where, sources, n):
    """Beginnings of connections from addresses at which nobody is, who therefore never answer."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    r = random.Random(1)
    to = socket.inet_aton(where[0])
    for _ in range(n):
        source = socket.inet_aton("%s.%d" % (sources, r.randrange(100, 200)))
        tcp = struct.pack(">HHIIBBHHH", r.randrange(1024, 65536), where[1], r.getrandbits(32), 0, 0x50, 2, 65535, 0, 0)
        words = struct.unpack(">16H", source + to + struct.pack(">HH", 6, len(tcp)) + tcp)
        total = sum(words)
        total = (total & 0xFFFF) + (total >> 16)
        total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
        head = struct.pack(">BBHHHBBH", 0x45, 0, 0, 0, 0, 64, 6, 0) + source + to
        raw.sendto(head + tcp, (where[0], 0))
    print(ask(where, "count").split()[0])


def slow(where, n, size):
    """They want much and read nothing, until another was served."""
    sockets = []
    for _ in range(n):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        s.connect(where)
        s.sendall(b"send %d\n" % size)
        sockets.append(s)
    # The way there keeps no order: this question may come before the last of them.
    end = time.monotonic() + 10
    while (waiting := int(ask(where, "count").split()[0])) < n and time.monotonic() < end:
        time.sleep(0.05)
    print("waiting:", waiting, flush=True)
    sys.stdin.readline()
    right = []
    threads = [threading.Thread(target=lambda s=s: right.append(read_all(s, size))) for s in sockets]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print("every byte:", sum(1 for r in right if r == size))


def outward(where, n):
    """Many connections to a place that never answers, and beside them one to a place that does."""
    begun = []
    for _ in range(n):
        s = socket.socket()
        s.setblocking(False)
        begun.append((s, s.connect_ex(("93.184.216.66", 80))))
    print("begun:", sum(1 for _, r in begun if r == errno.EINPROGRESS))
    s = connect(where, "echo 100000")
    s.sendall(pattern(0, 100000))
    print("served beside them:", read_all(s, 100000))
    print("none of them came:", len(select.select([], [s for s, _ in begun], [], 0)[1]))
    for s, _ in begun:
        s.close()
    s = connect(where, "echo 5000")
    s.sendall(pattern(0, 5000))
    print("and after:", read_all(s, 5000))


def vanish(where, n, size):
    sockets = [connect(where, "stuck %d" % size) for _ in range(n)]
    for s in sockets:
        s.recv(10, socket.MSG_PEEK)
    print("there:", len(sockets), flush=True)
    sys.stdin.readline()  # and is killed


def main():
    command, *rest = sys.argv[1:]
    if command in ("serve", "inside"):
        globals()[command]()
        return
    where = (rest[0], int(rest[1]))
    if command == "ask":
        print(ask(where, rest[2]))
    elif command == "syn":
        syn(where, rest[2], int(rest[3]))
    else:
        globals()[command](where, *map(int, rest[2:]))


main()
