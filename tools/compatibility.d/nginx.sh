#!/bin/bash
# program: nginx
# packages: nginx-light curl
# does: two workers and a master on loopback: files, ranges, errors, a proxy to itself, 200 requests at once, reload, log reopening, quit
# quick: yes
. "${0%/*}/lib.sh"
version nginx
command -v nginx >/dev/null && command -v curl >/dev/null || { echo "skip nginx: nginx or curl is not here"; exit 0; }
mkdir -p html/d logs && echo hello >html/index.html && seq 50000 >html/big
cat >n.conf <<X
daemon off; worker_processes 2; user root; pid $work/pid; error_log $work/err.log;
events { worker_connections 256; }
http {
  access_log $work/acc.log; sendfile on; keepalive_timeout 5;
  client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 127.0.0.1:8080; root $work/html; location /proxy/ { proxy_pass http://unix:$work/sock:/; } }
  server { listen unix:$work/sock; root $work/html; }
}
X
url=http://127.0.0.1:8080
check "accepts its configuration" nginx -t -p "$work" -c n.conf
nginx -p "$work" -c n.conf &
master=$!
finish() { kill $master 2>/dev/null; wait $master; }
until_true 30 curl -sf -o /dev/null $url/ || fail starts "$(one_line <err.log)"
same "a page" "hello" curl -s $url/
same "a large file by sendfile" "$(sha1sum <html/big)" sh -c "curl -s $url/big | sha1sum"
same "a range" "$(head -c 10 html/big)" curl -s -r 0-9 $url/big
same "not found" "404" curl -s -o /dev/null -w '%{http_code}' $url/none
same "a proxy through a unix socket" "hello" curl -s $url/proxy/
same "a directory is refused" "403" curl -s -o /dev/null -w '%{http_code}' $url/d/
same "100 requests over one connection" "100" sh -c "curl -s '$url/index.html?[1-100]' | wc -l"
same "eight clients at once" "160" bash -c "for i in 1 2 3 4 5 6 7 8; do curl -s '$url/index.html?[1-20]' & done | wc -l"
workers() { pgrep -P $master | sort | tr '\n' ' '; }
before=$(workers)
same "has two workers" "2" sh -c "echo $before | wc -w"
nginx -p "$work" -c n.conf -s reload
changed() { local now=$(workers); [ "$now" != "$before" ] && [ "$(echo $now | wc -w)" = 2 ]; }
until_true 20 changed && echo "ok reload makes new workers" || fail reload "workers before: $before now: $(workers)"
same "serves after the reload" "hello" curl -s $url/
mv acc.log acc.1 && nginx -p "$work" -c n.conf -s reopen && until_true 20 [ -e acc.log ] && echo "ok reopens its log" || fail "reopen" "no new log"
nginx -p "$work" -c n.conf -s quit
wait $master
code=$?
[ $code = 0 ] && echo "ok quits" || fail quit "ends with $code"
grep -E 'alert|emerg|crit' err.log | grep -v 'changing binary' | head -n 3 | while read -r line; do fail "log" "$line"; done
