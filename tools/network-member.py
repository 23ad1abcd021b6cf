"""A member of a private network, as a server or as who asks one, for tools/end-to-end/private-network."""
import asyncio
import errno
import socket
import sys
import threading
import time

PORT, UDP_PORT, SINK = 80, 81, 82


def serve():
    def datagrams(family):
        s = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind(("", UDP_PORT))
        while True:
            m, a = s.recvfrom(70000)
            s.sendto(m[::-1], a)

    def one(c, a):
        mode = c.recv(1)
        n = 0
        while True:
            d = c.recv(65536)
            if not d:
                break
            n += len(d)
            if mode == b"e":
                c.sendall(d)
        if mode == b"c":
            c.sendall(f"from {a[0]} to {c.getsockname()[0]}: {n}\n".encode())
        c.close()

    def streams(family):
        s = socket.socket(family)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind(("", PORT))
        s.listen(128)
        while True:
            c, a = s.accept()
            threading.Thread(target=one, args=(c, a), daemon=True).start()

    # Of IPv4 last, since it is what others look for first.
    threading.Thread(target=datagrams, args=(socket.AF_INET6,), daemon=True).start()
    threading.Thread(target=datagrams, args=(socket.AF_INET,), daemon=True).start()
    threading.Thread(target=streams, args=(socket.AF_INET6,), daemon=True).start()
    streams(socket.AF_INET)


def known(host):
    """The server may still be starting."""
    for _ in range(200):
        try:
            socket.create_connection((host, PORT), 60).close()
            return
        except OSError as e:
            if e.errno != errno.ECONNREFUSED:
                raise
            time.sleep(0.05)


def address(name, family=socket.AF_INET):
    try:
        return socket.getaddrinfo(name, 0, family, socket.SOCK_STREAM)[0][4][0]
    except OSError:
        return "none"


def error(where, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, kind)
    s.settimeout(30)
    try:
        s.connect(where)
    except OSError as e:
        return errno.errorcode[e.errno]
    return "connected"


def late_error(where):
    import select

    s = socket.socket()
    s.setblocking(False)
    assert s.connect_ex(where) == errno.EINPROGRESS
    p = select.poll()
    p.register(s, select.POLLOUT)
    assert p.poll(30000)
    return errno.errorcode[s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)]


def names(*all_names):
    print(*map(address, all_names))


def names6(*all_names):
    print(*(address(name, socket.AF_INET6) for name in all_names))


def stream6(host, count):
    known(host)
    stream(address(host, socket.AF_INET6), count)


def datagram6(host):
    datagram(address(host, socket.AF_INET6))


def errors6(host):
    at = address(host, socket.AF_INET6)
    print(error((at, 83)), error(("fd87::3c", 80)), error(("fd87::1:2", 80)))


def interfaces6():
    print(*(line.split()[0] for line in open("/proc/net/if_inet6") if line.startswith("fd87")))


def stream(host, count):
    known(host)
    s = socket.create_connection((host if ":" in host else address(host), PORT), 60)
    s.sendall(b"c" + b"x" * int(count))
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().read(), end="")


def datagram(host):
    host = host if ":" in host else address(host)
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(30)
    s.sendto(b"hello", (host, UDP_PORT))
    m, a = s.recvfrom(99)
    print(m.decode(), "from", a[0])


def errors(host):
    away = ("93.184.216.34", 80)
    print(error((host, 83)), late_error((host, 83)), error(("10.87.0.60", 80)), error(away), error(("10.86.0.1", 22)))


def gone(name, number):
    print(address(name), error((number, PORT)))


def many(host, count):
    known(host)

    async def one():
        r, w = await asyncio.open_connection(host, PORT)
        w.write(b"chello")
        w.write_eof()
        d = await r.read()
        w.close()
        return d.endswith(b": 5\n")

    async def all_of_them():
        print(sum(await asyncio.gather(*(one() for _ in range(int(count))))))

    asyncio.run(all_of_them())


def timed(host, count):
    known(host)
    s = socket.create_connection((host, PORT), 60)
    begun = time.monotonic()
    s.sendall(b"c" + b"x" * int(count))
    s.shutdown(socket.SHUT_WR)
    s.makefile().read()
    print(int(1000 * (time.monotonic() - begun)))


def trips(host, count):
    known(host)
    s = socket.create_connection((host, PORT), 60)
    s.sendall(b"e")
    begun = time.monotonic()
    for _ in range(int(count)):
        s.sendall(b"?")
        s.recv(1)
    print(int(1000 * (time.monotonic() - begun)))


def lost(host, count):
    """How many of some datagrams come back: two ways, on each of which a share is lost."""
    known(host)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    where = (address(host), UDP_PORT)
    back = 0
    for _ in range(int(count) // 20):
        for _ in range(20):
            s.sendto(b"x", where)
        s.settimeout(0.3)
        try:
            for _ in range(20):
                s.recv(9)
                back += 1
        except TimeoutError:
            pass
    print(back)


def bytes_of(host, count):
    known(host)
    s = socket.create_connection((host, PORT), 60)
    s.sendall(b"c" + b"x" * int(count))
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().read().split()[-1])


call = []
for word in sys.argv[1:] + ["--"]:
    if word != "--":
        call.append(word)
        continue
    globals()[{"bytes": "bytes_of"}.get(call[0], call[0])](*call[1:])
    call = []
