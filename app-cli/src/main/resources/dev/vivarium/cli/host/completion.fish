# Completion of viv for fish: viv completion fish > ~/.config/fish/completions/viv.fish
complete --command viv --no-files --arguments '(viv completion --line (commandline --cut-at-cursor) 2>/dev/null)'
