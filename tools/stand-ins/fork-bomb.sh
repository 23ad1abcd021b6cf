#!/bin/bash
# does: starts processes without end
# report: "id":"limit"|pids
bomb() { bomb | bomb & }
bomb
sleep 2
