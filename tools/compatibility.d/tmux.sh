#!/bin/bash
# program: tmux
# packages: tmux
# does: a server with two windows and a split, keys sent, screens captured, resized, a job stopped and continued in it
. "${0%/*}/lib.sh"
version tmux
command -v tmux >/dev/null || { echo "skip tmux: not here"; exit 0; }
export TMUX_TMPDIR=$work TERM=xterm ENV= PS1='$ '
t() { tmux -f /dev/null "$@"; }
finish() { t kill-server 2>/dev/null; }
check "starts a session" t new-session -d -s a -x 80 -y 24 'bash --norc --noprofile'
shows() { t capture-pane -p -t "$1" | grep -qE -- "$2"; }
sees() { until_true 20 shows "$2" "$3" && echo "ok $1" || fail "$1" "the screen: $(t capture-pane -p -t "$2" | one_line 5)"; }
t send-keys -t a 'echo sum $((20 + 22))' Enter
sees "a command in a window" a '^sum 42'
t send-keys -t a 'stty size' Enter
sees "its size" a '^24 80'
t new-window -t a 'bash --norc --noprofile' && t split-window -h -t a 'bash --norc --noprofile'
same "two windows, three panes" "2 3" bash -c 'echo $(tmux list-windows -t a | wc -l) $(tmux list-panes -s -t a | wc -l)'
t send-keys -t a 'tput cols; echo w' Enter
sees "a split is half as wide" a '^(39|40)$'
t send-keys -t a 'sleep 100' Enter
sleep 0.5
t send-keys -t a C-z
sees "Ctrl-Z stops a job" a 'Stopped'
t send-keys -t a 'fg' Enter
sleep 0.3
t send-keys -t a C-c
t send-keys -t a 'echo code $?' Enter
sees "Ctrl-C ends it" a '^code 130'
t resize-window -t a -x 100 -y 30
t send-keys -t a 'clear; stty size' Enter
sees "resizes" a '^30 '
check "ends" t kill-session -t a
