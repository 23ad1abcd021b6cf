#!/bin/bash
# program: cmake
# packages: cmake gcc g++ make libc6-dev
# does: configures, builds in parallel, tests (ctest) and installs a project of a library and a program
. "${0%/*}/lib.sh"
version cmake
command -v cmake >/dev/null || { echo "skip cmake: not here"; exit 0; }
mkdir p && cat >p/CMakeLists.txt <<'X'
cmake_minimum_required(VERSION 3.20)
project(p C)
find_package(Threads REQUIRED)
add_library(l SHARED l.c)
add_executable(e e.c)
target_link_libraries(e l Threads::Threads)
configure_file(v.h.in v.h)
target_include_directories(e PRIVATE ${CMAKE_BINARY_DIR})
add_custom_command(OUTPUT gen.txt COMMAND ${CMAKE_COMMAND} -E echo made > gen.txt)
add_custom_target(gen ALL DEPENDS gen.txt)
enable_testing()
add_test(NAME runs COMMAND e)
set_tests_properties(runs PROPERTIES PASS_REGULAR_EXPRESSION "42 1.5")
install(TARGETS e l)
X
echo 'int f(void) { return 42; }' >p/l.c
echo '#define V "@VERSION_TEXT@"' >p/v.h.in
printf '#include <stdio.h>\n#include "v.h"\nint f(void);\nint main(void) { printf("%%d %%s\\n", f(), V); }\n' >p/e.c
check "configures" cmake -S p -B b -DVERSION_TEXT=1.5 -DCMAKE_INSTALL_PREFIX="$work/i"
check "builds" cmake --build b -j 2
same "ran a command of its own" "made" cat b/gen.txt
check "ctest" ctest --test-dir b
check "installs" cmake --install b
same "what it installed runs" "42 1.5" env LD_LIBRARY_PATH="$work/i/lib" "$work/i/bin/e"
same "does nothing when nothing changed" "0" bash -c 'cmake --build b | grep -c Building'
