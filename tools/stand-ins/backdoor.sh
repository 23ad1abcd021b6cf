#!/bin/bash
# does: waits for others to connect
# report: "id":"listening"
exec perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(4444, INADDR_ANY)); listen(S, 1); select(undef, undef, undef, 0.5)'
