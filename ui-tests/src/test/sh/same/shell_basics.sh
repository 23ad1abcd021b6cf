#!/bin/bash
# Pipes, here-documents, substitutions, functions, arrays, arithmetic, globs, redirections.
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'cd /; rm -rf "$dir"' EXIT
echo one two three | tr ' ' '\n' | sort -r | head -2
seq 1 100 | grep 7 | wc -l
cat <<EOF | sed 's/name/world/'
hello name $((6 * 7))
EOF
cat <<'EOF'
$not expanded `at all`
EOF
cat <<<"a here string"
x=$(printf 'a\nb\n\n\n'); echo "[$x]"
echo "nested: $(echo "$(echo deep)")"
f() { local v=$1; echo "f $v $#"; return 3; }
f 1 2; echo "status $?"
a=(x "y z" w); echo "${#a[@]} ${a[1]} ${a[@]:1}"
declare -A m=([k]=v [l]=w); echo "${m[k]}${m[l]}"
for i in {1..3}; do for j in a b; do printf '%s%s ' "$i" "$j"; done; done; echo
i=0; while ((i < 3)); do ((i++)); done; echo $i
case abc in a*) echo starts with a ;; esac
touch f1 f2 g1 .hidden; mkdir sub; touch sub/f3
echo f* ; echo */f3; shopt -s dotglob; echo *; shopt -u dotglob
echo out >o; echo more >>o; cat o
{ echo to stdout; echo to stderr >&2; } >both 2>&1; cat both
ls missing 2>/dev/null || echo "no such file"
exec 5>fd5; echo through five >&5; exec 5>&-; cat fd5
exec 6<fd5; read -r line <&6; echo "$line"; exec 6<&-
diff <(seq 3) <(seq 2 4)
echo text | tee t1 | cat >t2; cmp t1 t2 && echo same
true | false | true; echo "${PIPESTATUS[*]}"
set -o pipefail; true | false | true; echo $?
(cd sub; pwd | sed 's|.*/||'; x=changed); echo "$x"
yes | head -n 1
echo "abc" | { read -r v; echo "read $v"; }
printf '%05d|%-5s|%x\n' 42 ab 255
IFS=: read -r p q r <<<"1:2:3"; echo "$r$q$p"
[[ abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"
echo ${undefined:-default} ${x:0:1} ${x^^} ${x/a/A}
eval 'echo evaluated'
test -d sub && test ! -e nothing && [ -s o ] && echo tests
printf 'b 2\na 1\nc 3\n' | while read -r k v; do echo "$v=$k"; done | sort
find . -type f | sort
mkfifo pipe; (sleep 0.05; echo through the fifo >pipe) & cat pipe; wait
sh -c 'exit 42'; echo $?
sh -c 'kill -TERM $$'; echo $?
nonexistent-command 2>/dev/null; echo $?
chmod 644 o; ./o 2>/dev/null; echo $?
echo done
