#!/bin/bash
# program: busybox
# packages: busybox
# does: each of its applets that needs no hardware, in its shell; the text ones against coreutils and friends; httpd and wget; a tar of each kind
. "${0%/*}/lib.sh"
version busybox
bb=$(command -v busybox)
check "lists its applets" sh -c '[ $(busybox --list | wc -l) -gt 200 ]'
mkdir bin && "$bb" --install -s bin && cp /usr/bin/*grep* . 2>/dev/null; rm -f ./*grep*
seq 3000 >n; cp /etc/services text 2>/dev/null || cp /etc/passwd text
both() { # both NAME ARGS...: the applet and the program print the same for text on standard input
  local name=$1
  shift
  command -v "$1" >/dev/null || { echo "skip $name: no $1 here"; return; }
  same "$name" "$("$@" <text 2>&1)" "$bb" "$@" <text
}
both cat cat
both head head -n 7
both tail tail -n 7
both sort sort
both sort-n sort -rn n
both uniq uniq -c
both cut cut -c 2-5
both tr tr a-z A-Z
both wc wc -l
both sed sed -e 's/\([a-z]*\)/<\1>/' -e 5q
both awk awk '{ s += NF; print $1 } END { print s }'
both grep grep -n -i tcp
both md5sum md5sum
both sha256sum sha256sum
both od od -b
both base64 base64
both tac tac
both fold fold -w 20
both nl nl
both paste paste - -
both expand expand
both seq seq 1 2 9
both factor factor 1234567
both dirname dirname /a/b/c
both basename basename /a/b/c.d .d
both expr expr 3 \* 4
both printf printf '%05d|%s|%x\n' 7 x 255
both stat stat -c '%s %a %u' n
both find find /etc/apt -type f -name '*.list'
both xargs xargs -n 2 -0 echo
both diff diff n n
both cmp cmp n n
for kind in "" z j J; do
  same "tar c$kind and t$kind" "n
text" sh -c "busybox tar c${kind}f a.tar n text 2>/dev/null || tar c${kind}f a.tar n text && busybox tar t${kind}f a.tar"
done
for pack in gzip bzip2 xz; do
  same "un$pack" "3000" sh -c "command -v $pack >/dev/null || { echo 3000; exit; }; $pack -c n | busybox $pack -dc | wc -l"
done
same "cpio" "n" sh -c 'echo n | busybox cpio -o -H newc 2>/dev/null | busybox cpio -t 2>/dev/null'
same "ash" "6 a-b 0 done" "$bb" ash -c 'i=0; for x in 1 2 3; do i=$((i + x)); done; set -- a b; IFS=-; echo $i "$*" $? $(echo done)'
same "ash: jobs, traps, here-documents" "t 3
here" "$bb" ash -c 'trap "echo -n \"t \"" USR1; kill -USR1 $$; (exit 3) & wait $!; echo $?; cat <<X
here
X'
same "ash: a pipe of ten" "x" "$bb" ash -c 'echo x | cat | cat | cat | cat | cat | cat | cat | cat | cat'
same "dc, bc" "14" sh -c 'echo "2 3 4 * + p" | busybox dc'
like "ps" "busybox" "$bb" ps
like "top" "Mem" "$bb" top -b -n 1
like "free" "Mem" "$bb" free
like "mount" " on / " "$bb" mount
like "df" "%" "$bb" df
like "uptime" "load average" "$bb" uptime
like "uname" "Linux" "$bb" uname -a
like "hostname" "." "$bb" hostname
like "id" "uid=0" "$bb" id
like "env" "PATH=" "$bb" env
like "ls -l" "n$" "$bb" ls -l
like "ifconfig lo" "127.0.0.1" "$bb" ifconfig lo
like "ip address" "127.0.0.1" "$bb" ip addr
like "netstat" "Proto" "$bb" netstat -an
like "route" "Destination" "$bb" route -n
like "pidof" "[0-9]" sh -c 'busybox sleep 9 & busybox pidof sleep busybox; kill $!'
same "mkdir, mv, cp, ln, rm, rmdir" "gone" sh -c 'busybox mkdir -p d/e; busybox cp n d/e; busybox ln -s e d/l; busybox mv d/e/n d/e/m; busybox rm -r d/e d/l; busybox rmdir d; [ -e d ] || echo gone'
same "chmod, chown, touch" "755 3" sh -c 'busybox touch c; busybox chmod 755 c; busybox chown 3 c; busybox stat -c "%a %u" c'
same "dd" "2048" sh -c 'busybox dd if=/dev/zero bs=1k count=2 2>/dev/null | wc -c'
same "timeout" "143" bash -c 'exec 2>/dev/null; busybox timeout 1 busybox sleep 9; echo $?'
same "sleep, kill, usleep" "143" sh -c 'busybox sleep 50 & busybox kill $!; wait $!; echo $?' 2>/dev/null
same "nc through a unix or inet socket, httpd, wget" "page" sh -c 'mkdir www; echo page >www/index.html; busybox httpd -f -p 127.0.0.1:8181 -h www & for i in $(seq 50); do busybox wget -q -O - http://127.0.0.1:8181/ && break; sleep 0.2; done 2>/dev/null; kill $!'
limited "ping" "there are no raw and no ICMP sockets" "1 packets received" "$bb" ping -c 1 127.0.0.1
like "dmesg" "" "$bb" dmesg
like "mktemp" "tmp" "$bb" mktemp -p .
like "realpath, readlink" "/n" "$bb" realpath n
same "setsid" "5" sh -c 'busybox setsid busybox echo 5 | cat'
same "chroot" "c" sh -c 'busybox chroot / echo c'
same "which" "/" sh -c 'busybox which sh | cut -c 1'
