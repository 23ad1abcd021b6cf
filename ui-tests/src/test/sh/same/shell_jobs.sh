#!/bin/bash
# Traps, background jobs, waiting, signals between processes, subshells.
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'echo exit trap; rm -rf "$dir"' EXIT
running() { until grep -q sleep /proc/$1/comm; do sleep 0.01; done; }
sleep 0.1 & p=$!
wait $p; echo "waited $?"
(exit 5) & wait $!; echo "status $?"
sleep 100 & p=$!
running $p; kill $p; wait $p 2>/dev/null; echo "killed $?"
sleep 100 & p=$!
running $p; kill -9 $p; wait $p 2>/dev/null; echo "killed $?"
trap 'echo got USR1' USR1
kill -USR1 $$
(sleep 0.05; kill -USR1 $$) & wait $!; echo "interrupted or not: $(($? >= 0))"
wait
trap 'echo got TERM; trap - TERM' TERM
kill -TERM $$
trap '' INT; kill -INT $$; echo "INT ignored"
bash -c 'trap "echo inner exit" EXIT; exit 7'; echo "inner $?"
bash -c 'trap "echo cleanup; exit 9" TERM; kill -TERM $$; sleep 5'; echo "inner $?"
for i in 1 2 3 4 5; do (sleep 0.0$i; echo $i >out$i) & done; wait; cat out*
set -m
sleep 50 & p=$!
running $p; kill -STOP $p; sleep 0.1; kill -CONT $p; sleep 0.1; kill -TERM $p; wait $p 2>/dev/null; echo "job $?"
set +m
(trap 'echo child exit' EXIT; :)
coproc cat; echo "to the coprocess" >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
eval "exec ${COPROC[1]}>&-"; wait 2>/dev/null
timeout 0.1 sleep 5; echo "timeout $?"
bash -c 'timeout -s KILL 0.1 sleep 5; exit $?' 2>/dev/null; echo "timeout $?"
n=0; for i in $(seq 50); do (exit 0) && n=$((n + 1)); done; echo "$n subshells"
bash -c 'echo $PPID' | grep -c '^[0-9]'
nice -n 5 nice
x=$(sleep 0.05 & echo quick); echo "$x"
seq 1000 | xargs -n 100 -P 4 sh -c 'echo $#' _ | sort -n | uniq -c | tr -s ' '
flock "$dir/lock" -c 'echo locked'
