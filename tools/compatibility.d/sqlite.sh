#!/bin/bash
# program: sqlite3
# packages: sqlite3
# does: write-ahead log and rollback journal, eight writers at once, a killed writer, mapped reads, vacuum, backup, integrity checks
# quick: yes
. "${0%/*}/lib.sh"
version sqlite3
command -v sqlite3 >/dev/null || { echo "skip sqlite3: not here"; exit 0; }
for mode in wal delete truncate; do
  same "20,000 rows, journal mode $mode" "$mode
20000|200010000
ok" sqlite3 $mode.db "pragma journal_mode=$mode; create table t(a,b); with recursive c(x) as (select 1 union all select x+1 from c where x<20000) insert into t select x, hex(randomblob(10)) from c; create index i on t(b); select count(*), sum(a) from t; pragma integrity_check;"
done
many() { sqlite3 m.db "pragma journal_mode=$1; create table if not exists t(a)" >/dev/null; for w in 1 2 3 4 5 6 7 8; do (for i in 1 2 3 4 5; do sqlite3 -cmd '.timeout 60000' m.db "begin immediate; insert into t values ($w); commit" || exit 1; done) & done; wait; sqlite3 m.db 'select count(*) from t; delete from t'; }
same "eight writers with a write-ahead log" "40" many wal
same "eight writers with a journal" "40" many delete
killed() { sqlite3 k.db 'create table t(a); insert into t values (1)'; (echo 'begin; insert into t values (2); pragma cache_spill=1; pragma cache_size=2; insert into t select hex(randomblob(1000)) from generate_series(1,2000);'; echo .shell touch ready; sleep 30) | sqlite3 k.db & until_true 30 [ -e ready ]; pkill -9 -x sqlite3; wait; sqlite3 k.db 'pragma integrity_check; select count(*) from t'; }
same "a killed writer is rolled back" "ok
1" killed 2>/dev/null
same "mapped reads" "30000000
20000" sqlite3 wal.db 'pragma mmap_size=30000000; select count(*) from t'
same "vacuum, backup" "20000" bash -c 'sqlite3 wal.db "vacuum" ".backup copy.db"; sqlite3 copy.db "select count(*) from t"'
same "dump and read back" "20000" bash -c 'sqlite3 wal.db .dump | sqlite3 d.db; sqlite3 d.db "select count(*) from t"'
