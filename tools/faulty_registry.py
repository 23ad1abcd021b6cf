"""A registry on this machine's loopback with one image, some of whose answers are not what they should be; for tools/faults.py.

An answer is chosen by what it is about (the manifest, a blob, any request) and its turn; the fault says what becomes of it then.
"""
import gzip, hashlib, io, json, os, random, socket, struct, subprocess, tarfile, threading, time

PROGRAM = r"""
#include <stdio.h>
int main(void) {
  /* The second layer is there too, and whole. */
  unsigned long sum = 0, n = 0;
  int c;
  FILE *f = fopen("/data", "rb");
  while (f && (c = getc(f)) != EOF)
    sum = sum * 31 + (unsigned char)c, n++;
  printf("%lu %lu\n", n, sum);
  return 0;
}
"""
INDEX, LAYER, CONFIG = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.config.v1+json"


class Image:
    """Two layers: a program, and data that it reads."""

    def __init__(self, work, seed=1):
        rnd = random.Random(seed)
        data = rnd.randbytes(700_000)
        total = 0
        for byte in data:
            total = (total * 31 + byte) % (1 << 64)
        self.says = f"{len(data)} {total}\n"
        source, program = f"{work}/whole.c", f"{work}/whole"
        with open(source, "w") as f:
            f.write(PROGRAM)
        subprocess.run(["gcc", "-static", "-O1", "-o", program, source], check=True)
        with open(program, "rb") as f:
            layers = [self.tar("whole", f.read(), 0o755), self.tar("data", data, 0o644)]
        self.blobs = {}
        packed = [gzip.compress(layer, 1, mtime=0) for layer in layers]
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/whole"]},
                             "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(l).hexdigest() for l in layers]}}).encode()
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "config": self.blob(config, CONFIG),
                                    "layers": [self.blob(p, LAYER) for p in packed]}).encode()

    def blob(self, content, kind):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    @staticmethod
    def tar(name, content, mode):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            tar.addfile(info, io.BytesIO(content))
        return out.getvalue()


class FaultyRegistry(threading.Thread):
    def __init__(self, image, about="", kind="", first=1, step=0, seed=0):
        super().__init__(daemon=True)
        self.image, self.about, self.kind, self.first, self.step = image, about, kind, first, step
        self.random = random.Random(seed)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.lock = threading.Lock()
        self.seen = self.changed = 0
        self.over = False
        self.start()

    def stop(self):
        """Nobody is at the port any more."""
        self.over = True
        # A close alone leaves the thread in its accept, and the port open with it.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def run(self):
        while not self.over:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer:
            try:
                peer.settimeout(120)
                with peer.makefile("rb") as requests:
                    while self.answer(peer, requests):
                        pass
            except OSError:
                pass

    def turn(self, about):
        """Whether this answer is one of those that go wrong."""
        with self.lock:
            if not self.about or about != self.about and self.about != "any":
                return False
            self.seen += 1
            mine = self.seen == self.first or self.step > 0 and self.seen > self.first and (self.seen - self.first) % self.step == 0
            self.changed += mine
            return mine

    def answer(self, peer, requests):
        line = requests.readline(4000).split()
        if len(line) < 2:
            return False
        headers = {}
        while (text := requests.readline(4000).strip()):
            name, _, value = text.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        path = line[1].decode("latin-1")
        kind, more, status = "application/octet-stream", "", "200 OK"
        last = path.rsplit("/", 1)[-1]
        if "/manifests/" in path:
            about, content, kind = "manifest", self.image.manifest, INDEX
            more = "Docker-Content-Digest: sha256:" + hashlib.sha256(content).hexdigest() + "\r\n"
        elif "/blobs/" in path and last in self.image.blobs:
            about, content = "blob", self.image.blobs[last]
        else:
            about, content = "other", b"{}"
            if path != "/v2/":
                status = "404 Not Found"
        if about == "blob" and headers.get("range", "").startswith("bytes=") and not (self.kind == "no-ranges"):
            at = int(headers["range"][6:].split("-")[0])
            more += f"Content-Range: bytes {at}-{len(content) - 1}/{len(content)}\r\n"
            content, status = content[at:], "206 Partial Content"
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode()
        if line[0] == b"HEAD":
            content = b""
        if self.turn(about):
            return self.wrong(peer, head, content, more)
        peer.sendall(head + content)
        return True

    def wrong(self, peer, head, content, more):
        """An answer that is not what it should be; whether the connection goes on."""
        kind, some = self.kind, self.random.randrange(len(content) or 1)
        if kind.isdigit():
            after = "Retry-After: 1\r\n" if self.random.random() < 0.3 else ""
            peer.sendall(f"HTTP/1.1 {kind} No\r\nContent-Length: 2\r\n{after}\r\n{{}}".encode())
            return True
        if kind in ("short", "no-ranges"):
            peer.sendall(head + content[:some])
        elif kind == "reset":
            peer.sendall(head + content[:some])
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif kind == "wrong":
            peer.sendall(head + content[:some] + bytes([content[some] ^ 0x20 if content else 0]) + content[some + 1 :])
            return True
        elif kind == "slow":
            peer.sendall(head)
            # Two seconds in all.
            piece = max(1, len(content) // 40)
            for at in range(0, len(content), piece):
                time.sleep(0.05)
                peer.sendall(content[at : at + piece])
            return True
        elif kind == "late":
            # Later than anybody who waits for a whole image may give up, and sooner than who waits for an answer does.
            time.sleep(25)
            peer.sendall(head + content)
            return True
        elif kind == "bytewise":
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in (head + content)[:400]:
                peer.sendall(bytes([byte]))
            peer.sendall((head + content)[400:])
            return True
        elif kind == "silent":
            peer.sendall(head + content[: some // 2])
            for _ in range(1000):
                if self.over:
                    break
                time.sleep(0.1)
        elif kind == "long":
            # More than was said, and more, as long as somebody reads.
            peer.sendall(head.split(b"\r\n\r\n")[0].replace(b"Content-Length: ", b"X-Length: ") + b"\r\nConnection: close\r\n\r\n" + content)
            for _ in range(200):
                peer.sendall(self.random.randbytes(65536))
        elif kind == "garbage":
            peer.sendall(self.random.randbytes(3000))
        elif kind == "headers":
            peer.sendall(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"x" * 1000) for i in range(2000)))
        elif kind == "redirect":
            peer.sendall(f"HTTP/1.1 307 There\r\nLocation: {self.random.choice(['/v2/faults/image/manifests/1', 'ftp://nowhere/', '//', 'http://127.0.0.1:1/v2/', 'file:///etc/passwd'])}\r\nContent-Length: 0\r\n\r\n".encode())
            return True
        elif kind == "length":
            peer.sendall(head.replace(b"Content-Length: ", b"Content-Length: -") + content)
        elif kind == "dies":
            peer.sendall(head + content[:some])
            self.stop()
        return False
