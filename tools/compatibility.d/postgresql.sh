#!/bin/bash
# program: PostgreSQL
# packages: postgresql-15 postgresql-client-15
# does: initdb, start, SQL, a transaction over two sessions with locks, crash (kill -9) and recovery, dump and restore, pgbench with four clients, stop
# seconds: 900
. "${0%/*}/lib.sh"
version postgresql-15
bin=/usr/lib/postgresql/15/bin
[ -x $bin/initdb ] || { echo "skip PostgreSQL: not here"; exit 0; }
as() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
chown nobody "$work"
export PGHOST=$work PGUSER=nobody PGDATABASE=postgres PGDATA=$work/d LIMIT=300
start() { as $bin/pg_ctl -D d -l log -w -t 120 -o "-c listen_addresses=127.0.0.1 -c port=5432 -k $work $*" start; }
finish() { as $bin/pg_ctl -D d -m immediate stop >/dev/null 2>&1; }
check "initdb" setpriv --reuid nobody --regid nogroup --clear-groups $bin/initdb -D d -A trust
[ $failed = 0 ] || exit 1
check "starts" start
[ $failed = 0 ] || exit 1
same "SQL" "SELECT 1000
500500" psql -Atc 'create table t as select generate_series(1, 1000) a; select sum(a) from t'
like "SQL over TCP" "^1000$" psql -h 127.0.0.1 -Atc 'select count(*) from t'
same "parallel workers" "300000" psql -qAtc 'set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; create table big as select generate_series(1, 300000) a; select count(*) from big'
same "a lock makes the second session wait" "2" bash -c 'psql -Atqc "begin; lock table t; select pg_sleep(1); insert into t values (1); commit" >/dev/null & sleep 0.4; psql -Atqc "select count(*) from t where a = 1"; wait'
same "listen and notify" "1" bash -c 'psql -Atqc "listen c; notify c" | grep -c notification'
check "pgbench -i" $bin/pgbench -q -i -s 1
like "pgbench with four clients" "number of failed transactions: 0" $bin/pgbench -n -c 4 -j 2 -t 50
same "dump and restore" "1000" bash -c "$bin/pg_dump -t t | sed s/public.t/public.t2/ | psql -q >/dev/null; psql -Atc 'select count(*) - 1 from t2'"
kill -9 "$(head -n 1 d/postmaster.pid)"
until_true 60 bash -c '! pgrep -x postgres'
check "starts after a crash" start
same "lost nothing" "1001" psql -Atc 'select count(*) from t'
check "stops" as $bin/pg_ctl -D d -m fast -w -t 120 stop
