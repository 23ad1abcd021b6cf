#!/bin/bash
# does: ends what else runs
# report: "id":"kill"|"name":"kill"
for p in $(seq 1 40); do kill -9 $p 2>/dev/null; done; kill -9 -1
