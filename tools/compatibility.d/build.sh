#!/bin/bash
# program: gcc and make
# packages: gcc g++ make libc6-dev dpkg-dev xz-utils
# sources: zlib lua5.4
# does: builds zlib and Lua from Debian's sources with make -j2 and runs zlib's own tests and a Lua program; C++ with threads and exceptions; archives and shared libraries
# seconds: 1800
. "${0%/*}/lib.sh"
version gcc-12
cat >hello.c <<'X'
#include <stdio.h>
#include <math.h>
int main(int argc, char **argv) { printf("hello %d %.3f\n", argc, sqrt(argc)); return 5; }
X
same "a C program" "hello 3 1.732 5" bash -c 'gcc -O2 -Wall -g hello.c -o hello -lm && ./hello a b | tr "\n" " "; echo ${PIPESTATUS[0]}'
same "a static one" "hello 1 1.000" bash -c 'gcc -static hello.c -o hello-static -lm && ./hello-static; true'
same "a shared library" "42" bash -c 'echo "int f(void){return 42;}" >l.c; printf "#include <stdio.h>\n#include <dlfcn.h>\nint main(){int(*f)(void)=dlsym(dlopen(\"./l.so\",2),\"f\");printf(\"%%d\\\\n\",f());}" >m.c; gcc -shared -fPIC l.c -o l.so && gcc m.c -o m -ldl && ./m'
same "an archive" "x.o" bash -c 'gcc -c l.c -o x.o && ar rc x.a x.o && ar t x.a'
same "an error is told" "1" bash -c 'echo "int f(void) { return 1 }" >bad.c; gcc -c bad.c 2>&1 | grep -c error:'
cat >t.cc <<'X'
#include <atomic>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>
int main() {
  std::atomic<long> n{0};
  std::vector<std::thread> ts;
  for (int i = 0; i < 8; i++) ts.emplace_back([&] { for (int j = 0; j < 10000; j++) n++; });
  for (auto &t : ts) t.join();
  try { throw std::runtime_error("thrown"); } catch (std::exception &e) { std::cout << n << ' ' << e.what() << '\n'; }
}
X
if command -v g++ >/dev/null; then same "C++ with threads and exceptions" "80000 thrown" bash -c 'g++ -std=c++20 -pthread t.cc -o t && ./t'; else echo "skip C++: no g++ here"; fi
cat >Makefile <<'X'
all: a b c d
	@echo linked $^
a b c d:
	@sleep 0.2; touch $@
X
command -v make >/dev/null || { echo "skip make: not here"; exit 0; }
same "make -j with its job server" "linked a b c d" make -s -j3 all
set -- /usr/src/zlib_*.dsc
[ -e "$1" ] || { echo "skip zlib and Lua: their sources are not here"; exit 0; }
zlib() { dpkg-source --no-check -x /usr/src/zlib_*.dsc zlib && cd zlib && ./configure && make -j2 && make test && cd ..; }
check "zlib: unpacked, configured, built, tested" zlib
lua() { dpkg-source --no-check --skip-patches -x /usr/src/lua5.4_*.dsc lua && make -C lua/src -j2 MYCFLAGS=-DLUA_USE_POSIX MYLIBS=-ldl CC=gcc a lua luac; }
check "Lua: unpacked and built" lua
same "Lua runs" "5050 49" bash -c 'lua/src/lua -e "local s = 0 for i = 1, 100 do s = s + i end print(s, string.byte(\"1\"))" | tr "\t" " "'
