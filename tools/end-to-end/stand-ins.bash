# Sourced by stand-ins and long-stand-ins, with the names of those to be opened in "chosen" and of engines in "engines": each file of
# tools/stand-ins behaves as a bad download would, harmlessly enough to be in a repository. Opened, it must reach nothing of the
# machine, and the report must name what its third line says.
. "$(dirname "$0")/lib.bash"
cd "$work" || exit 1
# What they would leave or change, were they let: by name and content, so that what else happens on the machine does not matter.
reach() {
  local file
  for file in /etc/{passwd,ld.so.preload,cron.d/update,sudoers.d/x,systemd/system/x.service} /var/spool/cron/crontabs/root \
    /usr/local/bin/helper /proc/sys/kernel/core_pattern {/root,$HOME}/{.bashrc,.profile,.ssh/authorized_keys,fill,stolen,loot.tar,d} \
    {/root,$HOME}/.config/autostart/x.desktop /tmp/stage2 /opened "$root/tools/stand-ins/planted"; do
    echo "$file $(stat -c '%s %a' "$file" 2>&1) $([ -f "$file" ] && sha256sum <"$file" 2>/dev/null)"
  done
}
untouched=$(reach)
before=$(sha256sum "$root"/tools/stand-ins/* | sha256sum)
for engine in $engines; do
  for one in $chosen; do
    file=$root/tools/stand-ins/$one.sh
    wanted=$(sed -n 's/^# report: //p' "$file")
    limit=$(sed -n "s/^# time: //p" "$file")
    # An emulated machine takes most of this for its start where others want the processors too.
    enough=6s
    [ "$engine" = microvm ] && enough=60s
    timeout -k 5 200 "$viv" open --engine "$engine" --timeout "${limit:-$enough}" --discard --format json "$file" \
      </dev/null >"$work/$one.json" 2>"$work/$one.err"
    code=$?
    if [ "$code" = 125 ] || [ ! -s "$work/$one.json" ]; then
      fail "$engine: $one" "exit code $code" "$(cat "$work/$one.err")"
    elif grep -qE "$wanted" "$work/$one.json"; then
      ok "$engine: $one: $(sed -n 's/^# does: //p' "$file")"
    else
      fail "$engine: $one" "the report does not say $wanted" "$(grep -oE '"(id|level|exitCode|reason)":("[^"]*"|[0-9]+)' "$work/$one.json" | paste -sd' ' | head -c 900)"
    fi
    if LC_ALL=C grep -q $'\e' "$work/$one.json" "$work/$one.err"; then
      fail "$engine: $one reaches no terminal" "$(LC_ALL=C grep -l $'\e' "$work/$one".*)"
    fi
  done
done
equals "nothing of the machine was reached" "$untouched" "$(reach)"
equals "the files themselves are as they were" "$before" "$(sha256sum "$root"/tools/stand-ins/* | sha256sum)"
equals "no sandbox, no copy and no name is left" "0 0" \
  "$("$viv" ps -aq | wc -l) $(ls "$XDG_STATE_HOME/vivarium/opened" | wc -l)"
[ "$failures" = 0 ]
