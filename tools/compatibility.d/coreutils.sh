#!/bin/bash
# program: coreutils
# packages: coreutils
# quick: yes
# does: its tools over awkward inputs: odd names, holes, links, deep trees, large sorts, other file systems
. "${0%/*}/lib.sh"
version coreutils
odd=$(printf 'a\nb -rf\t*\\ \303\244')
touch -- "$odd" -dash
same "ls -b of odd names" '-dash
a\nb\ -rf\t*\\\ \303\244' ls -b -- .
mkdir odd && check "mv and cp of odd names" sh -c 'mv -- -dash odd/ && cp -- "$1" odd/ && rm -- "$1" && rm -r odd' sh "$odd"
truncate -s 10M hole && printf x | dd of=hole bs=1 seek=5000000 conv=notrunc status=none
same "a hole takes no space" "10485760 yes" sh -c 'set -- $(stat -c "%s %b" hole); echo $1 $([ $2 -lt 100 ] && echo yes || echo $2)'
check "cp --sparse" sh -c 'cp --sparse=always hole hole2 && cmp hole hole2 && [ "$(du -k hole2 | cut -f1)" -lt 100 ]'
same "dd skips, counts, converts" "CDE" sh -c 'printf abcdefgh | dd bs=1 skip=2 count=3 conv=ucase status=none'
same "dd of blocks that come late" "65536" sh -c '(printf %32768s; sleep 0.2; printf %32768s) | dd bs=65536 iflag=fullblock count=1 status=none | wc -c'
same "hard links" "3" sh -c 'echo x >l1; ln l1 l2; ln l2 l3; rm l2; ln l3 l4; stat -c %h l1'
same "cp -a keeps links and times" "2 yes 2001-02-03" sh -c 'mkdir s; cd s; echo a >a; ln a b; ln -s a c; touch -d 2001-02-03 a; cd ..; cp -a s t; echo $(stat -c %h t/a) $([ -L t/c ] && echo yes) $(date -r t/b +%F)'
same "a loop of links" "1" sh -c 'ln -s y x; ln -s x y; cat x 2>/dev/null; echo $?'
same "readlink and realpath" "$work/s/a $work/none" sh -c 'echo $(readlink -f s/c) $(realpath -m s/../none)'
same "ln -r" "../s/a" sh -c 'mkdir u; ln -sr s/a u/r; readlink u/r'
check "a tree 300 deep is made, walked, removed" sh -c 'p=deep; for i in $(seq 300); do p=$p/d; done; mkdir -p $p && [ $(du -a deep | wc -l) -eq 301 ] && rm -r deep'
same "2000 files in one directory" "2000 0" sh -c 'mkdir many; cd many; seq 2000 | xargs touch; a=$(ls -U | wc -l); rm *; echo $a $(ls | wc -l)'
same "mv to another file system" "text" sh -c 'echo text >m; mv m /dev/shm/m.$$; cat /dev/shm/m.$$; rm /dev/shm/m.$$; ls m 2>/dev/null'
seq 60000 >seq.txt
shuf --random-source=seq.txt seq.txt >r
check "sort with temporary files" bash -c 'sort -n -S 64k -T . --parallel=2 r | cmp - seq.txt'
same "sort -k, uniq -c, join, paste, comm, cut" "2 b 1:x 1-2 c" bash -c 'echo $(printf "b\na\nb\n" | sort | uniq -c | tail -n 1) $(join -t : <(echo 1:) <(echo 1:x) | sed s/::/:/) $(seq 2 | paste -sd -) $(comm -13 <(echo a) <(printf "a\nc\n"))'
same "split and cat" "yes" sh -c 'split -n 7 -d seq.txt part. && cat part.0* | cmp - seq.txt && echo yes'
same "csplit" "3" sh -c 'csplit -s -f cs. seq.txt /100/ /500/ && ls cs.* | wc -l'
same "tac, rev order" "60000" sh -c 'tac seq.txt | head -n 1'
same "head and tail from the end" "59999 2" sh -c 'echo $(head -n -1 seq.txt | tail -n 1) $(tail -n +2 seq.txt | head -n 1)'
same "tail -f until a process ends" "one
two" sh -c 'exec 2>/dev/null; echo one >tf; (sleep 0.5; echo two >>tf; sleep 1) & tail -s 0.1 --pid=$! -f tf'
same "tail -F follows a new file" "b" sh -c 'echo a >tg; (sleep 1; mv tg tg.1; echo b >tg; sleep 3) & timeout 60 tail -s 0.1 -n 0 -F --pid=$! tg 2>/dev/null'
same "tee to several, one that cannot be written" "1 x x" bash -c 'echo x | tee t1 /dev/full t2 2>/dev/null >/dev/null; echo ${PIPESTATUS[1]} $(cat t1) $(cat t2)'
same "wc" " 60000  60000 348894" sh -c 'wc <seq.txt'
same "checksums" "da39a3ee cf83e135 4294967295" bash -c 'echo $(sha1sum </dev/null | cut -c 1-8) $(sha512sum </dev/null | cut -c 1-8) $(cksum </dev/null | cut -d " " -f 1)'
same "od and base64" "0000000 000 377 aGk=" sh -c 'echo $(printf "\0\377" | od -b | head -n 1) $(printf hi | base64)'
same "permissions by symbols" "751 4751 1777" sh -c 'touch p; chmod u=rwx,g=rx,o=x p; a=$(stat -c %a p); chmod u+s p; b=$(stat -c %a p); mkdir q; chmod 1777 q; echo $a $b $(stat -c %a q)'
same "owners" "1:2 yes" sh -c 'touch o; chown 1:2 o; stat -c %u:%g o | tr "\n" " "; chown -h 3 s/c; [ $(stat -c %u s/c) = 3 ] && echo yes'
same "set-group directories" "5" sh -c 'mkdir sg; chgrp 5 sg; chmod g+s sg; touch sg/f; stat -c %g sg/f'
same "install" "640 1 x" sh -c 'echo x >i; install -D -m 640 -o 1 i a/b/c/i; echo $(stat -c "%a %u" a/b/c/i) $(cat a/b/c/i)'
same "touch to the nanosecond" "2020-02-29 12:34:56.123456789 +0000" sh -c 'touch -d "2020-02-29 12:34:56.123456789Z" n; TZ=UTC stat -c %y n'
same "fifos" "through" sh -c 'mkfifo f; echo through >f & cat f'
same "device nodes" "1 3" sh -c 'mknod null c 1 3 && echo $(stat -c "%t %T" null)'
same "df of a path" "yes" sh -c '[ $(df -k --output=size /tmp | tail -n 1) -gt 1000 ] && echo yes'
same "stat of a file system" "yes" sh -c 'case $(stat -f -c %T /proc) in proc) echo yes ;; esac'
same "timeout and its codes" "124 137 0" bash -c 'exec 2>/dev/null; timeout 0.3 sleep 5; a=$?; timeout -s KILL 0.3 sleep 5; b=$?; timeout 5 true; echo $a $b $?'
same "nohup, nice, env" "v 5" sh -c 'V=v nohup nice -n 5 sh -c "echo \$V \$(nice)" 2>/dev/null </dev/null | cat'
same "env -i, printenv" "A=1" sh -c 'env -i A=1 printenv'
same "stdbuf" "a" sh -c '(echo a; sleep 3) | stdbuf -oL cat | head -n 1'
same "factor, seq, numfmt, expr" "2 3 7 1.0K 2" sh -c 'echo $(factor 42 | cut -d: -f2) $(numfmt --to=iec 1024) $(expr 7 / 3)'
same "date" "2000-03-01 951782400" sh -c 'echo $(date -u -d "2000-02-29 +1 day" +%F) $(date -u -d 2000-02-29 +%s)'
same "id, whoami, groups" "0 root" sh -c 'echo $(id -u) $(whoami)'
same "mktemp" "yes" sh -c 'd=$(mktemp -d -p .); [ $(stat -c %a $d) = 700 ] && echo yes'
same "sync, fsync" "ok" sh -c 'sync seq.txt && sync -f . && sync && echo ok'
same "chroot" "inner" sh -c 'chroot / /bin/echo inner'
same "truncate, shred, rm" "gone" sh -c 'echo secret >sh; shred -u -n 1 sh; ls sh 2>/dev/null || echo gone'
same "writing to what is full" "No space No space" bash -c 'echo $( { /bin/echo x >/dev/full; cat seq.txt >/dev/full; } 2>&1 | grep -o "No space")'
same "a reader that goes away" "1 141" bash -c 'yes | head -n 1 >/dev/null; echo 1 ${PIPESTATUS[0]}'
same "dircolors, tty, nproc" "not a tty yes" sh -c 'echo $(tty </dev/null) $([ $(nproc) -ge 1 ] && echo yes)'
