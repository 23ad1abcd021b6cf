#!/bin/bash
# sort of a million lines, awk, sed, grep, sha256sum, gzip, tar, xargs -P2.
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'cd /; rm -rf "$dir"' EXIT
export LC_ALL=C
awk 'BEGIN { x = 1; for (i = 0; i < 1000000; i++) { x = (x * 16807) % 2147483647; print x } }' >numbers
wc -l <numbers
sort -n numbers | sha256sum
gzip -1 <numbers | gunzip | cmp - numbers && echo gzip
head -n 100000 numbers >few
sort few | head -n 2
sort -u few | wc -l
xz -0 <few | xz -d | cmp - few && echo xz
awk '{ s += $1 % 10 } END { print s }' numbers
sed -n '500000p;$p' numbers
grep -c 99 numbers
split -l 100000 numbers part.
ls part.* | wc -l
sha256sum part.* | sha256sum
ls part.* | xargs -P2 -n1 sha256sum | sort | sha256sum
cat part.* | cmp - numbers && echo split
tr 0-9 a-j <few | cut -c1-5 | sort | uniq -c | sort -rn | head -n 3
paste numbers numbers | head -n 1000 | awk '$1 != $2' | wc -l
head -c 3000000 /dev/zero | md5sum
dd if=numbers bs=64k count=10 2>/dev/null | md5sum
tac numbers | tail -n 1
comm -12 <(sort part.aa) <(sort part.ab) | wc -l
bc <<<'2^200' 2>/dev/null || echo "no bc"
