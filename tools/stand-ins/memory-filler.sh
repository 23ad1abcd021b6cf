#!/bin/bash
# does: takes all memory that it gets
# report: "outOfMemoryKills":[1-9]|"id":"limit"
# time: 60s
exec perl -e '$x = "x" x (64 << 20); push @y, $x . $_ for 1..64; sleep 1'
