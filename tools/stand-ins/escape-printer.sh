#!/bin/bash
# does: writes what a terminal obeys
# report: "exitCode":0
printf '\033]0;owned\007\033[2J\033[H\033]52;c;ZXZpbA==\007\033P+q544e\033\\\033[6n\033[?1049h'
printf 'Report of nothing (000000000000)\nVerdicts\nNothing remarkable was seen.\n'
