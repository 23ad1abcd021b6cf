#!/bin/bash
# does: asks the container service of the machine for a way out
# report: "id":"kernel-files".*docker.sock|docker\.sock
cat /var/run/docker.sock /run/docker.sock 2>/dev/null
exec perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un("/run/docker.sock")); connect(S, sockaddr_un("/var/run/docker.sock"))'
