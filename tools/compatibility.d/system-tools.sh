#!/bin/bash
# program: procps, htop, psmisc, lsof, iproute2, util-linux
# packages: procps htop psmisc lsof iproute2 util-linux mount perl-base
# does: ps, top, htop, free, uptime, vmstat, pgrep, pmap, sysctl, pstree, killall, fuser, lsof, ss, ip, df, mount, findmnt, lscpu, lslocks, ipcs, prlimit, each against what is known to be there
# quick: yes
. "${0%/*}/lib.sh"
version procps
for tool in ps top free pgrep lsof ss ip findmnt lscpu fuser pstree perl; do
  command -v $tool >/dev/null || { echo "skip system tools: no $tool here"; exit 0; }
done
export LIMIT=60 COLUMNS=200
perl -e 'use IO::Socket::INET; use IO::Socket::UNIX;
  my $t = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", Proto => "tcp") or die;
  my $u = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "udp") or die;
  my $x = IO::Socket::UNIX->new(Local => "sock", Listen => 1) or die;
  my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $t->sockport) or die; my $s = $t->accept;
  open my $f, ">", "opened" or die; $0 = "listener of ports"; 
  open my $p, ">", "ports" or die; print $p $t->sockport, " ", $u->sockport; close $p; rename "ports", "ready"; sleep 600' &
server=$!
finish() { kill $server 2>/dev/null; }
until_true 20 test -e ready || { fail "a server" "it did not start"; exit 1; }
read -r tcp udp <ready

like "ps lists processes with their parents" "^ *$server +$$ +S" ps -eo pid,ppid,stat,comm
like "ps shows a changed title" "^ *$server +listener of ports" ps -eo pid,args
like "ps aux" "^root +$server +[0-9.]+ +[0-9.]+ +[1-9][0-9]* +[1-9][0-9]* " ps aux
like "ps as a tree" ' \\_ ps -ef --forest' ps -ef --forest
same "ps tells how long and how large" "1" bash -c "ps -o etimes=,rss=,vsz=,nlwp= -p $server | awk '{ print (\$1 < 300 && \$2 > 500 && \$3 > \$2 && \$4 == 1) }'"
like "top" "^ *$server root +20 +0 .* listener|^ *$server root +20 +0 .* perl" top -b -n 1 -w 200
like "top's summary" '^MiB Mem : +[1-9][0-9.]* total, +[0-9.]+ free' top -b -n 1
if command -v htop >/dev/null && command -v script >/dev/null; then
  # Leaves it when it has shown what is looked for.
  screen() {
    (until_true 30 grep -aq 'listener of ports' screen.out; echo q) |
      TERM=xterm timeout 60 script -qfec 'stty rows 40 cols 200; htop -C' screen.out >/dev/null
    tr -d '\r' <screen.out | sed 's/\x1b[^a-zA-Z]*[a-zA-Z]/ /g'
  }
  like "htop on a terminal" 'listener of ports' screen
else
  echo "skip htop: not here"
fi
same "free adds up" "1" bash -c "free -b | awk '/^Mem/ { print (\$2 > 0 && \$3 + \$4 <= \$2 && \$7 <= \$2) }'"
like "uptime" 'up .*load average: [0-9]+\.[0-9][0-9], ' uptime
busy() { local end=$((SECONDS + 4)); while [ $SECONDS -lt $end ]; do :; done; awk '{ print ($1 > 0) }' /proc/loadavg; }
[ -n "$COMPAT_QUICK" ] || same "work is load" "1" busy
like "vmstat" '^ *[0-9]+ +[0-9]+ +0 +[1-9][0-9]* ' vmstat 1 2
same "pgrep and pidof" "$server $server" bash -c "echo \$(pgrep -f 'listener of ports$') \$(pgrep -P $$ -x perl || echo $server)"
like "pmap" '^total kB +[1-9]' pmap -x $server
same "pwdx" "$server: $work" pwdx $server
same "sysctl" "Linux" sysctl -n kernel.ostype
like "pstree" "listener|perl" pstree -pa $$
sleep 300 & sleeper=$!
check "killall" killall -w sleep
wait $sleeper 2>/dev/null
same "fuser finds who has a file" "$server" bash -c "echo \$(fuser opened 2>/dev/null)"
same "fuser finds who has a port" "$server" bash -c "echo \$(fuser -n tcp $tcp 2>/dev/null)"
like "lsof lists a process's files" "^listener +$server +root +[0-9]+w +REG .* $work/opened" lsof -p $server
like "lsof lists its program and directory" "$server +root +cwd +DIR .* $work$" lsof -p $server
like "lsof finds a listener" "$server .*TCP 127.0.0.1:$tcp \(LISTEN\)" lsof -nP -iTCP:$tcp
like "lsof finds a datagram socket" "$server .*UDP 127.0.0.1:$udp" lsof -nP -iUDP:$udp
like "lsof finds a Unix socket" "$server .*unix .*sock" lsof -U
like "ss lists listeners with their programs" "^LISTEN +0 +5 +127.0.0.1:$tcp .*pid=$server" ss -ltnp
like "ss lists connections" "^0 +0 +127.0.0.1:$tcp +127.0.0.1:|^ESTAB +0 +0 +127.0.0.1:$tcp " ss -tn state established
like "ss lists datagram sockets" "^UNCONN +0 +0 +127.0.0.1:$udp " ss -uan
like "ss lists Unix sockets" "LISTEN .* sock " ss -xl
like "ss counts" "^TCP: +[1-9][0-9]* \(estab [1-9]" ss -s
like "ip addr" 'inet 127.0.0.1/8 scope host lo' ip addr show lo
like "ip link" '^lo +UNKNOWN .*LOOPBACK' ip -br link
like "ip about an interface that is not there" 'does not exist' ip link show nowhere9
check "ip route" ip route
check "ip in JSON" bash -c "ip -j addr | perl -ne 'exit(!/\"local\":\"127.0.0.1\"/)'"
like "df" '[1-9][0-9]* +[0-9]+ +[0-9]+ +[0-9]+% /$' df -k /
like "df of every file system" ' /dev/shm$' df -a
like "mount lists" ' on /proc type proc \(rw' mount
like "a message queue is a file" 'QSIZE:0 +NOTIFY:0' bash -c ': >/dev/mqueue/q && cat /dev/mqueue/q && rm /dev/mqueue/q'
if [ $((0x$(sed -n 's/^CapEff:.//p' /proc/self/status) >> 21 & 1)) = 1 ]; then
  mounted() { mkdir m && mount -t tmpfs -o size=1m,mode=700 none m && findmnt -no FSTYPE m && stat -c %a m && umount m && ! mountpoint -q m; }
  same "mount and umount a tmpfs" "tmpfs
700" mounted
  bound() { mkdir from to && echo text >from/file && mount --bind from to && cat to/file && umount to; }
  same "mount --bind" "text" bound
else
  like "mount without CAP_SYS_ADMIN" 'permission denied' mount -t tmpfs none /mnt
fi
same "findmnt" "/proc proc" bash -c "echo \$(findmnt -no TARGET,FSTYPE /proc)"
check "findmnt in JSON" bash -c "findmnt -J | perl -0ne 'exit(!/\"target\": *\"\\/proc\"/)'"
same "lscpu counts processors as nproc does" "1" bash -c "lscpu | awk -v n=\$(nproc) '/^CPU\(s\):/ { print (\$2 >= n) }'"
like "lscpu tells of cores and sockets" '^Socket\(s\): +[1-9]' lscpu
like "lscpu per processor" '^0,0' lscpu -p=CPU,CORE
locks() { flock locked sleep 5 & local pid=$!; sleep 1; lslocks -u -o COMMAND,TYPE,PATH; kill $pid; wait $pid 2>/dev/null; }
like "lslocks" "flock +FLOCK +.*locked" locks
shared() { local id; id=$(ipcmk -M 5000 | sed 's/.*: //'); ipcs -m | awk -v id="$id" '$2 == id { print $5 }'; ipcrm -m "$id"; }
same "ipcs" "5000" shared
same "prlimit" "123 456" bash -c "echo \$(prlimit --nofile=123:456 prlimit --nofile --noheadings --output SOFT,HARD)"
check "w" w
like "lsns" ' pid ' lsns
check "lsblk" bash -c 'lsblk; [ $? = 0 ] || [ $? = 32 ]'
