#!/bin/bash
# does: counts as a miner would, for as long as it may
# report: "exitCode":124
# time: 6s
while :; do :; done
