#!/usr/bin/env python3
"""Servers for tools/end-to-end/network: a name server, HTTP, and UDP echo, each at the addresses given.

network-servers.py dns ADDRESS | http ADDRESS PORT TEXT | udp ADDRESS PORT | sink ADDRESS PORT
"""
import http.server
import socket
import socketserver
import struct
import sys
import threading

NAMES = {
    "good.example.org": ["93.184.216.34"],
    "www.example.org": ["CNAME good.example.org"],
    "evil.example.net": ["93.184.216.35"],
    "big.example.org": ["93.184.216.34"] + ["93.184.217.%d" % i for i in range(1, 60)],
    "router.example.org": ["192.168.77.1"],
    "meta.example.org": ["169.254.169.254"],
    "loop.example.org": ["127.0.0.1"],
    "mapped.example.org": ["93.184.216.34", "10.0.0.1"],
    "nas.example.org": ["192.168.77.1"],
}
flips = {"n": 0}


def name_at(m, at):
    labels = []
    while m[at]:
        labels.append(m[at + 1 : at + 1 + m[at]])
        at += 1 + m[at]
    return b".".join(labels).decode("latin-1").lower(), at + 1


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def answer(m):
    name, end = name_at(m, 12)
    kind = struct.unpack(">H", m[end : end + 2])[0]
    records = NAMES.get(name)
    if name == "flip.example.org":  # good first, then this machine's router
        flips["n"] += 1
        records = ["93.184.216.34"] if flips["n"] == 1 else ["192.168.77.1"]
    out = []
    rcode = 3 if records is None else 0
    owner = name
    todo = list(records or [])
    while todo:
        r = todo.pop(0)
        if r.startswith("CNAME "):
            out.append(wire(owner) + struct.pack(">HHIH", 5, 1, 5, len(wire(r[6:]))) + wire(r[6:]))
            owner = r[6:]
            todo += NAMES.get(owner, [])
        elif kind == 1:
            out.append(wire(owner) + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton(r))
    if kind == 16 and records:
        text = b"hello"
        out.append(wire(name) + struct.pack(">HHIH", 16, 1, 5, 1 + len(text)) + bytes([len(text)]) + text)
    head = m[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(out), 0, 0)
    return head + m[12 : end + 4] + b"".join(out)


def dns(address):
    threading.Thread(target=dns_by_tcp, args=(address,), daemon=True).start()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        m, who = s.recvfrom(4096)
        print("asked", name_at(m, 12)[0], flush=True)
        a = answer(m)
        if len(a) > 1232:  # does not fit: nothing but the question, and a bit that says so
            end = name_at(m, 12)[1] + 4
            a = a[:2] + bytes([a[2] | 2]) + a[3:6] + bytes(6) + a[12:end]
        s.sendto(a, who)


def dns_by_tcp(address):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 53))
    s.listen()
    while True:
        c, _ = s.accept()
        f = c.makefile("rb")
        m = f.read(struct.unpack(">H", f.read(2))[0])
        print("asked", name_at(m, 12)[0], flush=True)
        a = answer(m)
        c.sendall(struct.pack(">H", len(a)))
        c.sendall(a[:700])
        c.sendall(a[700:])
        f.close()
        c.close()


def http_server(address, port, text):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", "http://" + self.path[4:] + "/")
                body = b""
            elif self.path.startswith("/big/"):
                self.send_response(200)
                body = bytes(range(256)) * (int(self.path[5:]) // 256)
            else:
                self.send_response(200)
                body = (text + "\n").encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_CONNECT(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 2048
        daemon_threads = True

    Server((address, port), Handler).serve_forever()


def udp(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    while True:
        m, peer = s.recvfrom(70000)
        s.sendto(b"echo " + m, peer)


def sink(address, port):
    """Takes all that comes, slowly, and then says how much it was; "vanish" resets instead."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            total = 0
            first = True
            while True:
                m = self.request.recv(65536)
                if first and m.startswith(b"vanish"):
                    self.request.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                    self.request.close()
                    return
                if first:
                    threading.Event().wait(0.3)
                first = False
                if not m:
                    break
                total += len(m)
            self.request.sendall(b"%d\n" % total)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        request_queue_size = 2048
        daemon_threads = True

    Server((address, port), Handler).serve_forever()


kind, *rest = sys.argv[1:]
if kind == "dns":
    dns(rest[0])
elif kind == "http":
    http_server(rest[0], int(rest[1]), rest[2])
elif kind == "udp":
    udp(rest[0], int(rest[1]))
elif kind == "sink":
    sink(rest[0], int(rest[1]))
