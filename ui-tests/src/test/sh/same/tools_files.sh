#!/bin/bash
# find, tar, cp, mv, rm, ln, stat, du, touch, grep -r on trees of files.
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'cd /; rm -rf "$dir"' EXIT
export LC_ALL=C TZ=UTC
mkdir -p a/b/c d
for i in $(seq 200); do echo "file $i" >a/b/f$i; done
ln -s b/f1 a/c-link; ln a/b/f2 a/hard; ln -s nowhere dangling
chmod 600 a/b/f3; chmod 755 a/b/f4; chmod 4711 a/b/f5
touch -d '2020-02-03 04:05:06.789' a/b/f6
find . -type f | wc -l
find . -type l -printf '%P -> %l\n' | sort
find . -perm -u+s -printf '%m %P\n'
find a -name 'f1?' -newermt 2000-01-01 | sort | head -n 3
find . -links 2 -type f | sort
tar cf t.tar a dangling
tar tf t.tar | wc -l
mkdir x && tar xf t.tar -C x
diff -r a x/a && echo equal
(cd x && find . -printf '%M %s %P %l\n' | grep -v '^d' | sort | sha256sum)
stat -c '%a %s %y' x/a/b/f6
[ x/a/hard -ef x/a/b/f2 ] && echo hard link kept
tar czf t.tgz a && tar xzf t.tgz -O a/b/f7
tar c a | (mkdir y; cd y; tar x); diff -r a y/a && echo piped
cp -a a copy && diff -r a copy && stat -c '%a' copy/b/f5
cp -r a/b/f1 new; cat new; mv new renamed; ls renamed
grep -r 'file 19' a | sort | head -n 4
grep -rl 'file 200' a
ls -l a/b/f4 | cut -c1-10
ls a | tr '\n' ' '; echo
rm -r copy; ls -d copy 2>/dev/null || echo removed
rmdir d && mkdir -m 700 d && stat -c %a d
du -a --apparent-size a/b/f1 >/dev/null && echo du
truncate -s 1M big; stat -c '%s' big; head -c 5 big | od -An -c
install -m 640 a/b/f8 inst; stat -c '%a' inst
readlink -f a/c-link | sed "s|$dir||"
realpath --relative-to=. a/b/../b/f1
touch a/b/f9; test a/b/f9 -nt a/b/f6 && echo newer
mktemp -u XXXX | wc -c
for i in 1 2 3; do echo $i; done | cpio -o 2>/dev/null >/dev/null || :
df . >/dev/null && echo df
seq 3 >s; sed -i 's/2/two/' s; cat s
cd a/b && ls | sort -V | tail -n 2; cd - >/dev/null
id -u
find /usr/include -name 'std*.h' | sort | head -n 5
find /usr/include -name '*.h' | wc -l
find /usr -maxdepth 2 | sort | sha256sum
tar c -C /usr/include . 2>/dev/null --sort=name | sha256sum
grep -r pthread_create /usr/include | sort | sha256sum
