#!/bin/bash
# program: OpenSSH
# packages: openssh-server openssh-client
# does: sshd on loopback inside the sandbox: keys, a command and its exit code, a terminal, scp, sftp, a forwarded port, a shared connection
. "${0%/*}/lib.sh"
version openssh-server
[ -x /usr/sbin/sshd ] || { echo "skip sshd: not here"; exit 0; }
mkdir -p /run/sshd && chmod 755 /run/sshd 2>/dev/null
check "ssh-keygen" bash -c 'ssh-keygen -q -t ed25519 -N "" -f host && ssh-keygen -q -t rsa -b 2048 -N "" -f user'
cp user.pub keys && chmod 600 keys host user
cat >conf <<X
Port 2222
ListenAddress 127.0.0.1
HostKey $work/host
AuthorizedKeysFile $work/keys
StrictModes no
PidFile $work/pid
UsePAM no
PermitRootLogin yes
Subsystem sftp internal-sftp
X
check "sshd accepts its configuration" /usr/sbin/sshd -t -f "$work/conf"
/usr/sbin/sshd -D -e -f "$work/conf" 2>sshd.log &
daemon=$!
finish() { kill $daemon 2>/dev/null; wait $daemon; }
o=(-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=30 -i "$work/user")
remote() { timeout 60 ssh "${o[@]}" -p 2222 "$@" root@127.0.0.1 "$COMMAND"; }
up() { COMMAND=true remote; }
until_true 60 up || fail "a connection" "$(COMMAND=true remote 2>&1 | one_line) // $(one_line <sshd.log)"
same "a command and its code" "in
err
7" bash -c 'ssh "$@" -p 2222 root@127.0.0.1 "echo in; echo err >&2; exit 7" 2>&1; echo $?' ssh "${o[@]}"
same "standard input" "100000" bash -c 'head -c 100000 /dev/zero | ssh "$@" -p 2222 root@127.0.0.1 "wc -c"' ssh "${o[@]}"
like "a terminal" "^/dev/pts/[0-9]+" bash -c 'ssh -tt "$@" -p 2222 root@127.0.0.1 tty </dev/null | tr -d "\r"' ssh "${o[@]}"
seq 50000 >file
same "scp" "" bash -c 'scp -q -P 2222 "$@" file root@127.0.0.1:'"$work"'/copy && cmp file copy' scp "${o[@]}"
same "sftp" "" bash -c 'echo "get '"$work"'/file got" | sftp -q -b - -P 2222 "$@" root@127.0.0.1 >/dev/null && cmp file got' sftp "${o[@]}"
same "a forwarded port" "SSH-2.0" bash -c 'ssh -N -L 127.0.0.1:3333:127.0.0.1:2222 "$@" -p 2222 root@127.0.0.1 & for i in $(seq 100); do exec 3<>/dev/tcp/127.0.0.1/3333 && break; sleep 0.2; done 2>/dev/null; head -c 7 <&3; kill $!' ssh "${o[@]}"
same "a shared connection" "1 2" bash -c 'ssh -M -S ctl -fN "$@" -p 2222 root@127.0.0.1; echo $(ssh -S ctl "$@" -p 2222 root@127.0.0.1 echo 1) $(ssh -S ctl "$@" -p 2222 root@127.0.0.1 echo 2); ssh -S ctl -O exit "$@" root@127.0.0.1 2>/dev/null' ssh "${o[@]}"
same "ssh-agent" "1" bash -c 'eval $(ssh-agent) >/dev/null; ssh-add -q user; ssh-add -l | wc -l; kill $SSH_AGENT_PID'
