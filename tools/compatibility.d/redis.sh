#!/bin/bash
# program: redis-server with redis-benchmark
# packages: redis-server redis-tools
# does: commands, a script, background save and append-only rewrite (fork), restart from both files, publish and subscribe, redis-benchmark over TCP and a unix socket, with I/O threads
# quick: yes
. "${0%/*}/lib.sh"
version redis-server
command -v redis-server >/dev/null || { echo "skip redis: not here"; exit 0; }
start() { redis-server --bind 127.0.0.1 --port 7000 --unixsocket "$work/sock" --daemonize yes --logfile "$work/log" --dir "$work" --appendonly yes "$@" >/dev/null && until_true 30 cli ping; }
cli() { redis-cli -p 7000 "$@"; }
finish() { cli shutdown nosave >/dev/null 2>&1; }
start --save "" || fail "starts" "$(one_line <log)"
same "set and get" "OK value" bash -c 'echo $(redis-cli -p 7000 set k value) $(redis-cli -p 7000 get k)'
same "a script in Lua" "3" cli eval 'return redis.call("incrby", KEYS[1], 3)' 1 n
same "lists and expiry" "3 0" bash -c 'a=$(redis-cli -p 7000 rpush l a b c); redis-cli -p 7000 set e 1 px 100 >/dev/null; sleep 0.4; echo $a $(redis-cli -p 7000 exists e)'
same "blocking pop wakes" "q v" bash -c '(sleep 0.3; redis-cli -p 7000 rpush q v >/dev/null) & echo $(redis-cli -p 7000 blpop q 10)'
same "publish and subscribe" "message c hi" bash -c 'timeout 10 redis-cli -p 7000 subscribe c >s & until [ "$(redis-cli -p 7000 publish c hi)" = 1 ]; do sleep 0.1; done; sleep 0.3; kill $!; tail -n 3 s | paste -sd " "'
saved() { cli info persistence | tr -d '\r' | grep -qx "$1:0" && cli info persistence | tr -d '\r' | grep -qx "$2:ok"; }
cli bgsave >/dev/null
until_true 60 saved rdb_bgsave_in_progress rdb_last_bgsave_status && [ -s dump.rdb ] && echo "ok background save" || fail "background save" "$(one_line <log)"
cli bgrewriteaof >/dev/null
until_true 60 saved aof_rewrite_in_progress aof_last_bgrewrite_status && echo "ok background rewrite" || fail "background rewrite" "$(one_line <log)"
bench() { redis-benchmark -q --csv "$@" 2>&1 | grep -c '^"[^t]'; }
same "redis-benchmark over TCP" "3" bench -p 7000 -n ${COMPAT_REQUESTS:-2000} -c 10 -t set,get,lpush
same "redis-benchmark over a unix socket, pipelined" "2" bench -s "$work/sock" -n ${COMPAT_REQUESTS:-4000} -c 10 -P 16 -t set,get
cli shutdown >/dev/null 2>&1
until_true 30 bash -c '! pgrep -x redis-server' || fail "ends" "still there"
start --save "" || fail "starts again" "$(one_line <log)"
same "knows its data after a restart" "value" cli get k
finish
until_true 30 bash -c '! pgrep -x redis-server'
start --save "" --io-threads 2 --io-threads-do-reads yes && same "with I/O threads" "1" bench -p 7000 -n 1000 -c 10 -t get || fail "with I/O threads" "$(one_line <log)"
