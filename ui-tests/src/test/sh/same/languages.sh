#!/bin/bash
# perl, gcc, make and git do their work.
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'cd /; rm -rf "$dir"' EXIT
export HOME=$dir LC_ALL=C
perl -e 'my %h; $h{$_ % 7}++ for 1..10000; print join(",", map {"$_=$h{$_}"} sort keys %h), "\n"'
perl -e 'open(my $p, "-|", "echo piped") or die; print <$p>; close $p; system("exit 3;"); print $? >> 8, "\n"'
perl -e '$SIG{ALRM} = sub { print "alarm\n" }; alarm 1; sleep 5; my $pid = fork; if (!$pid) { exit 4 } waitpid $pid, 0; print $? >> 8, "\n"'
perl -MPOSIX -e 'print POSIX::strftime("%Y-%m-%d", gmtime(0)), "\n"'
perl -ne 'print if /root/ && s/:.*//' /etc/passwd | head -n 1
cat >hello.c <<'EOF'
#include <stdio.h>
#include <math.h>
int main(int argc, char **argv) { printf("hello %d %.3f\n", argc, sqrt(argc)); return 5; }
EOF
gcc -O2 -Wall hello.c -o hello -lm && ./hello a b; echo "exit $?"
gcc -static hello.c -o hello-static -lm && ./hello-static; echo "exit $?"
gcc -c hello.c && ar rc lib.a hello.o && ar t lib.a && nm hello.o | grep -c main
echo 'int f(void) { return 1 }' >bad.c; gcc -c bad.c 2>&1 | grep -c error
cat >Makefile <<'EOF'
all: one two
	@echo linked $^
one two:
	@echo making $@; touch $@
EOF
command -v make >/dev/null && make -s -j2 all | sort
git init -q -b main repo && cd repo || exit 1
git config user.email a@example.org; git config user.name A
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
seq 100 >numbers; mkdir sub; echo text >sub/file
git add . && git commit -qm 'First' && git log --oneline
sed -i 's/50/fifty/' numbers; git diff --stat
git commit -qam 'Second'; git checkout -q -b side HEAD~1; echo x >new; git add new; git commit -qm 'Third'
git merge -q main -m 'Merge'; git log --oneline | wc -l; git rev-parse HEAD
git status --short; git stash list; git gc -q; git fsck 2>&1 | grep -v '^Checking' ; git clone -q . ../clone && ls ../clone
git ls-files; git show --stat HEAD~1 | tail -n 2; git grep -c fifty
