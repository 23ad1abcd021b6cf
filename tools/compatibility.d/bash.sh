#!/bin/bash
# program: bash
# packages: bash
# quick: yes
# does: pipes, process substitution, coprocesses, traps, job control, here-documents, limits, globs over 500 names
. "${0%/*}/lib.sh"
version bash
same "process substitution" "2c2" bash -c 'diff <(printf "a\nb\n") <(printf "a\nc\n") | head -n 1'
same "output into a process" "HELLO" bash -c 'echo hello > >(tr a-z A-Z); wait $!; sleep 0.3'
same "coprocess" "got:line" bash -c 'coproc c { sed -u s/^/got:/; }; echo line >&${c[1]}; read -r x <&${c[0]}; echo $x; exec {c[1]}>&-; wait'
same "traps" "usr1 usr1 exit" bash -c 'trap "printf \"usr1 \"" USR1; trap "echo exit" EXIT; kill -USR1 $$; kill -USR1 $$; :'
same "wait -n takes the first" "7" bash -c '(sleep 5) & p=$!; (exit 7) & wait -n; r=$?; kill $p; echo $r'
same "job control" "stopped
going
143" bash -c 'exec 2>/dev/null; set -m; sleep 100 & kill -STOP $!; until jobs -l >js; grep -q Stopped js; do sleep 0.05; done; echo stopped; bg >/dev/null 2>&1; until jobs -l >js; grep -q Running js; do sleep 0.05; done; echo going; kill %1; wait %1; echo $?'
same "here-documents larger than a pipe" "200000" bash -c 'x=$(head -c 200000 /dev/zero | tr "\0" x); cat <<<"$x" | tr -d "\n" | wc -c'
same "read with a time limit" "142" bash -c 'sleep 3 | { read -t 0.2 x; echo $?; }'
same "limit of descriptors" "refused" bash -c 'exec 2>/dev/null; ulimit -n 20; for i in $(seq 30); do exec {f}</dev/null || { echo refused; exit; }; done'
same "named descriptors" "two" bash -c 'exec {f}<>pipe.txt; echo two >&$f; exec {f}>&-; cat pipe.txt'
same "globs over 500 names" "500 111" bash -c 'mkdir g; cd g; for i in $(seq 500); do : >"f $i"; done; shopt -s extglob; a=(*); b=(f\ 1*); echo ${#a[@]} ${#b[@]}'
same "names with a newline" "1" bash -c 'mkdir n; touch "n/$(printf "a\nb")"; cd n; set -- *; echo $#'
same "arithmetic, arrays, maps" "1000 v 3" bash -c 'declare -A m=([k]=v); for ((i = 0; i < 1000; i++)); do a[i]=$i; done; echo ${#a[@]} ${m[k]} $((7 / 2))'
same "exit codes of signals" "137 139" bash -c 'exec 2>/dev/null; bash -c "kill -9 \$\$"; a=$?; bash -c "kill -SEGV \$\$"; echo $a $?'
same "a script without a first line" "plain" bash -c 'echo "echo plain" >s; chmod +x s; ./s'
same "a hundred subshells" "5050" bash -c 's=0; for i in $(seq 100); do s=$((s + $(echo $i))); done; echo $s'
