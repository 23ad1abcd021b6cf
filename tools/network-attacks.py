#!/usr/bin/env python3
"""Runs inside: a hundred ways to somewhere that only good.example.org:80 being allowed should not lead to."""
import ctypes
import os
import socket
import struct
import sys
import urllib.request

EVIL = "93.184.216.35"
GOOD = "93.184.216.34"
RESOLVER = "93.184.216.1"
TARGETS = [EVIL, RESOLVER, "192.168.77.1", "169.254.169.254", "93.184.216.2", "192.168.77.2", "8.8.8.8", "10.0.0.1"]
tried = 0
leaks = []

# What the sandbox's log must have a line for: every attempt at somebody outside.
logged = []


def attempt(name, way, *log):
    global tried
    tried += 1
    logged.extend(log)
    try:
        if way():
            leaks.append(name)
    except (OSError, ValueError, UnicodeError):
        pass


def tcp(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(3)
        s.connect(address)
        return True


def udp(family, address, connected, data=b"hi"):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        if connected:
            s.connect(address)
            s.send(data)
        else:
            s.sendto(data, address)
        return s.recv(2000)


def ping(kind, address):
    with socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP) as s:
        s.settimeout(0.3)
        s.sendto(b"\x08\0\xf7\xfd\0\1\0\1", (address, 0))
        return s.recv(2000)


def query(name):
    return b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"


def resolves(name):
    return any(a[4][0] for a in socket.getaddrinfo(name, 80))


def reconnect():
    with socket.create_connection((GOOD, 80), 3) as s:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.connect(s.fileno(), struct.pack("H14x", 0), 16)
        s.settimeout(3)
        s.connect((EVIL, 80))
        return True


def sendmsg_elsewhere():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        s.connect((GOOD, 80))
        s.sendmsg([b"x"], [], 0, (EVIL, 7))
        return s.recv(100)


def with_option(level, option, value):
    with socket.socket() as s:
        s.setsockopt(level, option, value)
        s.settimeout(3)
        s.connect((EVIL, 80))
        return True


def netlink_change():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.sendto(struct.pack("IHHIIBBBBI", 24, 20, 0x605, 1, 0, 2, 24, 0, 0, 1), (0, 0))
        return struct.unpack("i", s.recv(4096)[16:20])[0] == 0


def fetch(url, **environment):
    os.environ.update(environment)
    try:
        proxies = urllib.request.ProxyHandler()
        urllib.request.build_opener(proxies).open(url, timeout=3).read()
        return True
    finally:
        for name in environment:
            del os.environ[name]


socket.setdefaulttimeout(3)
assert tcp(socket.AF_INET, (socket.gethostbyname("good.example.org"), 80)), "the allowed way must work"

for a in TARGETS:
    attempt(f"tcp {a}", lambda: tcp(socket.AF_INET, (a, 80)), f"{a}:80/tcp")
    attempt(f"tcp mapped {a}", lambda: tcp(socket.AF_INET6, ("::ffff:" + a, 80)), f"{a}:80/tcp")
    attempt(f"tcp 53 {a}", lambda: tcp(socket.AF_INET, (a, 53)), f"{a}:53/tcp")
    attempt(f"udp {a}", lambda: udp(socket.AF_INET, (a, 7), False), f"{a}:7/udp")
    attempt(f"udp connected {a}", lambda: udp(socket.AF_INET, (a, 7), True), f"{a}:7/udp")
    attempt(f"udp mapped {a}", lambda: udp(socket.AF_INET6, ("::ffff:" + a, 7), False), f"{a}:7/udp")
    attempt(f"dns {a}", lambda: udp(socket.AF_INET, (a, 53), False, query("good.example.org")), f"{a}:53/udp")
for port in (1, 22, 53, 79, 81, 443, 8000, 8080, 65535):
    attempt(f"another port {port}", lambda: tcp(socket.AF_INET, (GOOD, port)), f"{GOOD}:{port}/tcp")
attempt("udp to the allowed host's other port", lambda: udp(socket.AF_INET, (GOOD, 7), False), f"{GOOD}:7/udp")
for a in ("64:ff9b::5db8:d823", "2002:5db8:d823::1", "::93.184.216.35", "fe80::1", "fd00::1", "::2"):
    attempt(f"ipv6 {a}", lambda: tcp(socket.AF_INET6, (a, 80)))
for a in ("1572395043", "0x5db8d823", "0135.0270.0330.043", "93.184.55331", "3232255233", "2852039166"):
    attempt(f"inet_aton {a}", lambda: tcp(socket.AF_INET, (a, 80)))
for port in (80, 7, 22, 8000, 5432, 65000):
    attempt(f"this machine {port}", lambda: tcp(socket.AF_INET, ("10.86.0.1", port)), f"10.86.0.1:{port}/tcp")
    attempt(f"its loopback {port}", lambda: tcp(socket.AF_INET, ("127.0.0.1", port)))
attempt("0.0.0.0", lambda: tcp(socket.AF_INET, ("0.0.0.0", 8000)))
attempt("its own address", lambda: tcp(socket.AF_INET, ("10.86.0.2", 8000)))
attempt("another inside its subnet", lambda: tcp(socket.AF_INET, ("10.86.0.3", 8000)), "10.86.0.3:8000/tcp")
for name in ("evil.example.net", "router.example.org", "meta.example.org", "loop.example.org", "nas.example.org",
             "secret.evil.example.net", "good.example.org.evil.example.net", "xgood.example.org",
             "sub.good.example.org", "example.org", "flip.example.org", "GOOD.example.org.evil.example.net"):
    attempt(f"name {name}", lambda: resolves(name), name.lower())
attempt("redirect to an address", lambda: fetch(f"http://good.example.org/to/{EVIL}"), f"{EVIL}:80/tcp")
attempt("redirect to a name", lambda: fetch("http://good.example.org/to/evil.example.net"), "evil.example.net")
attempt("redirect to the metadata", lambda: fetch("http://good.example.org/to/169.254.169.254"), "169.254.169.254:80/tcp")
attempt("a proxy by environment", lambda: fetch("http://evil.example.net/", http_proxy=f"http://{EVIL}:80"))
attempt("a proxy by all_proxy", lambda: fetch("http://evil.example.net/", all_proxy=f"http://{EVIL}:80"))
attempt("connect again", reconnect)
attempt("sendmsg elsewhere", sendmsg_elsewhere)
attempt("SO_BINDTODEVICE", lambda: with_option(socket.SOL_SOCKET, 25, b"eth0\0"))
attempt("SO_MARK", lambda: with_option(socket.SOL_SOCKET, 36, 1))
attempt("IP_TRANSPARENT", lambda: with_option(0, 19, 1))
attempt("IP_FREEBIND", lambda: with_option(0, 15, 1))
for family, kind, protocol in (
    (socket.AF_INET, socket.SOCK_RAW, 255), (socket.AF_INET, socket.SOCK_RAW, 6), (socket.AF_INET, socket.SOCK_RAW, 17),
    (17, socket.SOCK_RAW, 0x300), (17, socket.SOCK_DGRAM, 0x300),
    (socket.AF_INET, socket.SOCK_STREAM, 132), (socket.AF_INET, socket.SOCK_STREAM, 262), (socket.AF_INET, socket.SOCK_SEQPACKET, 132),
    (40, socket.SOCK_STREAM, 0), (38, socket.SOCK_SEQPACKET, 0), (31, socket.SOCK_RAW, 1), (44, socket.SOCK_RAW, 0),
    (29, socket.SOCK_RAW, 1), (30, socket.SOCK_STREAM, 0), (16, socket.SOCK_RAW, 12)):
    attempt(f"socket {family} {kind} {protocol}", lambda: socket.socket(family, kind, protocol))
for a in TARGETS:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        attempt(f"ping {kind} {a}", lambda: ping(kind, a))
attempt("netlink address", netlink_change)
attempt("an abstract name of the host", lambda: tcp(socket.AF_UNIX, "\0vivarium-e2e-abstract"))
attempt("broadcast", lambda: udp(socket.AF_INET, ("255.255.255.255", 7), False), "255.255.255.255:7/udp")
attempt("multicast", lambda: udp(socket.AF_INET, ("224.0.0.251", 5353), False), "224.0.0.251:5353/udp")
attempt("multicast ipv6", lambda: udp(socket.AF_INET6, ("ff02::fb", 5353), False))
attempt("bind elsewhere", lambda: socket.socket().bind((GOOD, 8000)) is None)
attempt("inherited descriptors", lambda: [
    f for f in os.listdir("/proc/self/fd")
    if int(f) > 2 and os.path.exists("/proc/self/fd/" + f) and "socket" in os.readlink("/proc/self/fd/" + f)])
print("log:", *sorted(set(logged)))
print(tried, "ways,", len(leaks), "lead out:", *leaks)
sys.exit(tried < 100 or bool(leaks))
