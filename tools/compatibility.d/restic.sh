#!/bin/bash
# program: restic (a Go program as Debian built it)
# packages: restic
# does: makes a repository, backs up 200 files twice, checks, restores, compares, forgets and prunes
. "${0%/*}/lib.sh"
version restic
command -v restic >/dev/null || { echo "skip restic: not here"; exit 0; }
export RESTIC_PASSWORD=x RESTIC_REPOSITORY=$work/repo LIMIT=300
mkdir data && for i in $(seq 200); do seq $i $((i * 20)) >data/$i; done
ln -s 1 data/link && chmod 600 data/2
check "init" restic init
check "backup" restic backup -q data
echo more >data/new
check "second backup" restic backup -q data
like "snapshots" "2 snapshots" restic snapshots
check "check --read-data" restic check --read-data
check "restore" restic restore -q latest --target out
same "what was restored is the same" "" bash -c "diff -r --no-dereference data out/data; [ \$(stat -c %a out/data/2) = 600 ] || echo mode"
check "forget and prune" restic forget -q --keep-last 1 --prune
