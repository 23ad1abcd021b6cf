#!/bin/bash
# program: git
# packages: git perl
# does: 360 commits, branches, merge, rebase, stash, worktree, clone and push over file:// and git://, gc, fsck, bisect
. "${0%/*}/lib.sh"
version git
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global user.email a@example.org && git config --global user.name A && git config --global init.defaultBranch main && git config --global advice.detachedHead false
many() { git init -q repo && cd repo && for i in $(seq 60); do seq $i $((i + 100)) >"f$((i % 7))"; mkdir -p d$((i % 3)); echo $i >d$((i % 3))/g; git add . && git commit -qm "commit $i" || return 1; done; cd ..; }
check "60 commits" many
fast() { (cd repo && { echo "reset refs/heads/big"; for i in $(seq 300); do printf 'commit refs/heads/big\ncommitter A <a@example.org> %d +0000\ndata 2\nc\nM 100644 inline x%d\ndata %d\n%s\n' $i $((i % 40)) ${#i} $i; done; } | git fast-import --quiet); }
check "fast-import of 300" fast
same "log and rev-list" "60 300" bash -c 'cd repo; echo $(git rev-list --count main) $(git rev-list --count big)'
check "branch and merge" bash -c 'cd repo && git checkout -q -b side main~5 && echo s >s && git add s && git commit -qm s && git merge -q -m m main && [ $(git log --oneline | wc -l) = 62 ]'
check "rebase" bash -c 'cd repo && git checkout -q -b re main~3 && echo r >r && git add r && git commit -qm r && git rebase -q main && [ "$(git merge-base re main)" = "$(git rev-parse main)" ]'
check "stash, diff, apply" bash -c 'cd repo && git checkout -q main && echo x >>f1 && git stash -q && git diff --quiet && git stash pop -q && ! git diff --quiet && git diff >../p && git checkout -q f1 && git apply ../p && git checkout -q f1'
check "worktree" bash -c 'cd repo && git worktree add -q ../wt side && [ -e ../wt/s ] && git worktree remove ../wt'
check "clone by path, with hard links" bash -c 'git clone -q repo c1 && cd c1 && [ $(git log --oneline | wc -l) = 60 ]'
check "clone over file://" bash -c 'git clone -q --no-local --bare "file://$PWD/repo" c2.git && git -C c2.git rev-parse big'
check "push and fetch" bash -c 'git clone -q c2.git c3 && cd c3 && git checkout -q main && echo p >p && git add p && git commit -qm p && git push -q && cd ../c2.git && git log -1 --format=%s main | grep -qx p'
daemon() { git daemon --listen=127.0.0.1 --port=9418 --base-path="$work" --export-all --reuseaddr & pid=$!; until_true 20 git ls-remote git://127.0.0.1/c2.git; git clone -q git://127.0.0.1/c2.git c4; code=$?; kill $pid; return $code; }
check "clone over git:// on loopback" daemon
check "gc" bash -c 'cd repo && git gc -q --prune=now && git count-objects -v | grep -qx "count: 0"'
check "repack with threads" bash -c 'cd repo && git -c pack.threads=4 repack -q -a -d -f'
same "fsck" "" bash -c 'cd repo && git fsck --full --strict 2>&1 | grep -v "^Checking\|dangling"'
same "bisect" "30" bash -c 'cd repo && git bisect start main main~59 >/dev/null && git bisect run sh -c "[ \$(git rev-list --count HEAD) -lt 30 ]" >/dev/null 2>&1; git rev-list --count refs/bisect/bad; git bisect reset >/dev/null 2>&1'
check "archive and tar" bash -c 'cd repo && git checkout -q main && git archive main | tar t | grep -qx f1'
check "grep and blame" bash -c 'cd repo && git grep -q 60 && git blame f1 >/dev/null'
