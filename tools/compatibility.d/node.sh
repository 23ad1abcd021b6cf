#!/bin/bash
# program: node
# packages: nodejs npm
# does: an npm script, four worker threads with shared memory, HTTP on loopback, child processes, streams, timers, a watched file, signals
# quick: yes
. "${0%/*}/lib.sh"
version nodejs
command -v node >/dev/null || { echo "skip node: not here"; exit 0; }
cat >w.js <<'X'
const { Worker, isMainThread, workerData } = require('worker_threads');
if (isMainThread) {
  const shared = new SharedArrayBuffer(8), n = new Int32Array(shared);
  Promise.all([1, 2, 3, 4].map(() => new Promise(done => new Worker(__filename, { workerData: shared }).on('exit', done)))).then(() => console.log(n[0]));
} else for (let i = 0; i < 1000; i++) Atomics.add(new Int32Array(workerData), 0, 1);
X
same "four worker threads" "4000" node w.js
cat >h.js <<'X'
const http = require('http');
const s = http.createServer((q, r) => { let b = ''; q.on('data', d => b += d); q.on('end', () => r.end(q.method + b.length)); }).listen(0, '127.0.0.1', async () => {
  const ask = i => new Promise(done => { const q = http.request({ port: s.address().port, host: '127.0.0.1', method: 'POST' }, r => { let b = ''; r.on('data', d => b += d); r.on('end', () => done(b)); }); q.end('x'.repeat(i * 1000)); });
  console.log((await Promise.all([1, 50, 100].map(ask))).join(' ')); s.close(); s.closeAllConnections?.();
});
X
same "HTTP on loopback" "POST1000 POST50000 POST100000" node h.js
same "child processes" "out 3 SIGTERM" node -e 'const c = require("child_process"); c.exec("echo out; exit 3", (e, o) => { const p = c.spawn("sleep", ["50"]); p.on("exit", (x, s) => console.log(o.trim(), e.code, s)); p.kill(); })'
same "fork and messages" "42" bash -c 'echo "process.on(\"message\", m => { process.send(m * 2); process.disconnect(); })" >c.js; node -e "const p = require(\"child_process\").fork(\"./c.js\"); p.on(\"message\", m => console.log(m)); p.send(21)"'
same "files, streams, compression" "100000 true" node -e 'const fs = require("fs"), z = require("zlib"); fs.writeFileSync("f", "x".repeat(100000)); fs.createReadStream("f").pipe(z.createGzip()).pipe(fs.createWriteStream("f.gz")).on("finish", () => { console.log(z.gunzipSync(fs.readFileSync("f.gz")).length, fs.statSync("f.gz").size < 1000) })'
same "timers and signals" "SIGUSR2 3" node -e 'let n = 0; const t = setInterval(() => { if (++n === 3) { clearInterval(t); process.kill(process.pid, "SIGUSR2"); } }, 20); process.on("SIGUSR2", s => { console.log(s, n); process.exit() }); setTimeout(() => {}, 30000)'
same "names resolve" "127.0.0.1" node -e 'require("dns").lookup("localhost", { family: 4 }, (e, a) => console.log(a))'
same "random bytes, digests, keys" "32 64 true" node -e 'const c = require("crypto"); const k = c.generateKeyPairSync("ed25519"); const s = c.sign(null, Buffer.from("m"), k.privateKey); console.log(c.randomBytes(32).length, c.createHash("sha256").update("x").digest("hex").length, c.verify(null, Buffer.from("m"), k.publicKey, s))'
[ -n "$COMPAT_QUICK" ] || like "a watched file" seen timeout 20 node -e 'const fs = require("fs"); fs.writeFileSync("watched", "1"); const w = fs.watch("watched", () => { console.log("seen"); process.exit() }); setTimeout(() => fs.writeFileSync("watched", "2"), 200)'
if command -v npm >/dev/null && [ -z "$COMPAT_QUICK" ]; then
  mkdir pkg && echo '{"name":"p","version":"1.0.0","scripts":{"pre":"echo before","say":"node -e \"console.log(process.env.npm_package_name, 6*7)\"","test":"npm run -s pre && npm run -s say"}}' >pkg/package.json
  same "an npm script that runs two" "before
p 42" env npm_config_update_notifier=false npm_config_offline=true npm --prefix pkg test -s
  mkdir -p dep && echo '{"name":"dep","version":"1.0.0"}' >dep/package.json && echo 'module.exports = 7' >dep/index.js
  same "npm install from a directory" "7" bash -c 'cd pkg && npm install --offline --no-audit --no-fund -s ../dep && node -p "require(\"dep\")"'
else
  echo "skip npm: not here or not in the quick test"
fi
