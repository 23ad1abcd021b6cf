/* needs: Linux 6.12
   Memory calls over hostile addresses, lengths and flags, in memory at a fixed place. */
#include <sched.h>
#include <sys/uio.h>

#include "sweep.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Four pages of private memory, a hole, and two pages of a shared file. */
#define AREA (BASE + 128 * PAGE)
#define SHARED (BASE + 160 * PAGE)
#define FREE_PLACE (BASE + 192 * PAGE)

KIND(ADDRESSES, 0, V(UNMAPPED), V(AREA + 1), OR, V(NULL), V(AREA + PAGE), V(READ_ONLY), V(NO_ACCESS), V(SHARED), V(KERNEL),
     V(LAST_BYTE), V(0x7ffffffff000), V(-PAGE), V(AREA + 6 * PAGE));
KIND(LENGTHS, 0, V(0), V(-1), OR, V(1), V(PAGE + 1), V(8 * PAGE), V(LONG_MAX), V(LONG_MIN), V(1L << 47), V(-PAGE));
/* More than one mapping, and lengths out of this world, are looked at in an order of their own since Linux 6.17. */
KIND(REMAP_LENGTHS, 0, V(0), OR, V(1), V(PAGE + 1));
KIND(PROTECTIONS, 0xffffffffUL & ~0x10UL, V(-1), V(0x10000000), OR, V(0), V(PROT_WRITE), V(PROT_EXEC), V(HIGH(3)));
KIND(MAPS, 0, V(0), V(MAP_ANONYMOUS), OR, V(MAP_PRIVATE), V(MAP_SHARED), V(MAP_SHARED_VALIDATE),
     V(MAP_SHARED | MAP_ANONYMOUS), V(MAP_SHARED_VALIDATE | MAP_ANONYMOUS), V(MAP_SHARED_VALIDATE | MAP_NORESERVE),
     V(MAP_SHARED_VALIDATE | 0x400000), V(MAP_SHARED_VALIDATE | MAP_SYNC), V(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
     V(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE), V(MAP_PRIVATE | MAP_FIXED), V(MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN),
     V(MAP_PRIVATE | MAP_GROWSDOWN), V(MAP_PRIVATE | MAP_ANONYMOUS | 0x10000000), V(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NONBLOCK));
KIND(OFFSETS_OF_PAGES, 0, V(1), V(-1), OR, V(PAGE), V(-PAGE), V(LONG_MAX & -PAGE), V(LONG_MIN), V(1L << 44), V(100 * PAGE));
KIND(REMAPS, 0xffffffffUL, V(-1), V(2), OR, V(0), V(3), V(5), V(7), V(HIGH(1)));
KIND(ADVICES, 0, V(-1), V(99), OR, V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(16), V(17), V(18),
     V(19), V(20), V(21), V(22), V(23), V(24), V(26), V(50), V(HIGH(0)), V(HIGH(4)));
KIND(SYNCS, 0xffffffffUL, V(-1), V(5), OR, V(0), V(1), V(2), V(3), V(4), V(6), V(HIGH(4)));
KIND(LOCK_FLAGS, 0xffffffffUL, V(-1), OR, V(HIGH(0)));
KIND(LOCK_ALL, 0xffffffffUL & ~7UL, V(-1), V(0), OR, V(4), V(HIGH(1)));
KIND(KEYS, 0, V(0), V(16), OR, V(-2), V(1), V(INT_MAX), V(HIGH(-1)));
KIND(POLICIES, 0, V(-1), V(99), OR, V(0), V(1), V(2), V(3), V(4), V(5), V(0x8000), V(0x4000), V(0xc001), V(HIGH(0)));
KIND(NODES, 0, V(UNMAPPED), V(NULL), OR, V(CROSSING), V(KERNEL), V(AT(256)));
KIND(NODE_COUNTS, 0, V(-1), V(0), OR, V(1), V(2), V(1025), V(32769), V(1L << 32));
KIND(BIND_FLAGS, 0xffffffffUL & ~7UL, V(-1), OR, V(HIGH(0)));
KIND(GET_FLAGS, 0xffffffffUL, V(-1), V(4), OR, V(1), V(2), V(3), V(6), V(HIGH(0)));
KIND(RECORDS, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));
KIND(VECTORS, 0, V(NULL), V(UNMAPPED), OR, V(DATA + 4 * PAGE - 8), V(KERNEL), V(AT(600)), V(AT(632)), V(AT(664)));
KIND(COUNTS, 0, V(-1), V(0), OR, V(1), V(1024), V(1025), V(1L << 32));
KIND(PROCESSES, 0, V(-1), V(INT_MAX), OR, V(0), V(1), V(HIGH(0)));
KIND(NAMES, 0, V(UNMAPPED), V(NULL), OR, V(""), V(UNENDING), V(KERNEL), V(LONG_NAME), V(LONG_NAME + 7), V(LONG_NAME + 6));
KIND(MEMFD_FLAGS, 0xffffffffUL & ~0x1cUL, V(-1), OR, V(0x18), V(HIGH(0)));

static void remap_area(void) {
  munmap((void *)UNMAPPED, 8 * PAGE);
  munmap((void *)(READ_ONLY + PAGE), 7 * PAGE);
  munmap((void *)(NO_ACCESS + PAGE), 7 * PAGE);
  munmap((void *)(SHARED + 2 * PAGE), 8 * PAGE);
  munmap((void *)FREE_PLACE, 16 * PAGE);
  munmap((void *)AREA, 16 * PAGE);
  NEED(mmap((void *)AREA, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)AREA);
  NEED(mmap((void *)SHARED, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, MEMFD, 0) == (void *)SHARED);
  NEED(mmap((void *)READ_ONLY, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)READ_ONLY);
  NEED(mmap((void *)NO_ACCESS, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)NO_ACCESS);
  *(volatile char *)AREA = 1;
}

/* Every page has been written to, so that what is present does not depend on the reader. */
static void touch_area(void) {
  remap_area();
  for (int i = 0; i < 4; i++) *(volatile char *)(AREA + i * PAGE) = 1;
}

static void maps(void) {
  after_success = remap_area;
  SWEEP_GOOD(mmap, A(FREE_PLACE, ADDRESSES), A(2 * PAGE, LENGTHS), A(PROT_READ | PROT_WRITE, PROTECTIONS),
             A(MAP_PRIVATE | MAP_ANONYMOUS, MAPS), A(-1, FIXED), A(0, OFFSETS_OF_PAGES));
  SWEEP_GOOD(mmap, A(FREE_PLACE, FIXED), A(2 * PAGE, LENGTHS), A(PROT_READ, FIXED), A(MAP_SHARED, MAPS), A(FILE_FD, FDS),
             A(0, OFFSETS_OF_PAGES));
  SWEEP_GOOD(mmap, A(FREE_PLACE, FIXED), A(2 * PAGE, LENGTHS), A(PROT_READ | PROT_WRITE, FIXED), A(MAP_SHARED, MAPS),
             A(FILE_FD, FDS), A(0, OFFSETS_OF_PAGES));
  SWEEP_GOOD(mmap, A(FREE_PLACE, FIXED), A(2 * PAGE, FIXED), A(PROT_READ | PROT_WRITE, FIXED), A(MAP_PRIVATE, MAPS),
             A(FILE_FD, FDS), A(0, OFFSETS_OF_PAGES));
  SWEEP_GOOD(mmap, A(FREE_PLACE + 1, FIXED), A(PAGE, FIXED), A(PROT_READ, FIXED),
             A(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, FIXED), A(-1, FIXED), A(0, FIXED));
  SWEEP_GOOD(mmap, A(AREA + PAGE, FIXED), A(PAGE, FIXED), A(PROT_READ, FIXED),
             A(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, FIXED), A(-1, FIXED), A(0, FIXED));
  SWEEP_GOOD(mmap, A(0, FIXED), A(PAGE, FIXED), A(PROT_READ, FIXED), A(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, FIXED),
             A(-1, FIXED), A(0, FIXED));
  SWEEP(munmap, A(AREA, ADDRESSES), A(2 * PAGE, FIXED));
  SWEEP(munmap, A(AREA, FIXED), A(2 * PAGE, KEYS));
  SWEEP(munmap, A(AREA + 1, FIXED), A(0, FIXED));
  SWEEP(munmap, A(AREA, FIXED), A(-1, FIXED));
  SWEEP(munmap, A(KERNEL, FIXED), A(PAGE, FIXED));
  SWEEP(munmap, A(AREA, FIXED), A(LONG_MAX, FIXED));
  SWEEP(mprotect, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(PROT_READ | PROT_WRITE, PROTECTIONS));
  SWEEP(mprotect, A(AREA, FIXED), A(2 * PAGE, LENGTHS), A(PROT_READ | 0x01000000, FIXED));
  SWEEP(mprotect, A(AREA, FIXED), A(2 * PAGE, LENGTHS), A(PROT_READ | 0x02000000, FIXED));
  SWEEP(mprotect, A(AREA, FIXED), A(2 * PAGE, FIXED), A(PROT_READ | 0x03000000, FIXED));
  SWEEP(pkey_mprotect, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(PROT_READ | PROT_WRITE, PROTECTIONS), A(-1, FIXED));
  SWEEP_GOOD(mremap, A(AREA, ADDRESSES), A(2 * PAGE, REMAP_LENGTHS), A(PAGE, REMAP_LENGTHS), A(MREMAP_MAYMOVE, REMAPS), A(FREE_PLACE, FIXED));
  SWEEP_GOOD(mremap, A(AREA, FIXED), A(2 * PAGE, REMAP_LENGTHS), A(4 * PAGE, REMAP_LENGTHS), A(0, REMAPS), A(FREE_PLACE, FIXED));
  SWEEP_GOOD(mremap, A(AREA, FIXED), A(2 * PAGE, REMAP_LENGTHS), A(2 * PAGE, REMAP_LENGTHS), A(MREMAP_MAYMOVE | MREMAP_FIXED, REMAPS),
             A(FREE_PLACE, ADDRESSES));
  SWEEP_GOOD(mremap, A(SHARED, FIXED), A(0, REMAP_LENGTHS), A(2 * PAGE, FIXED), A(MREMAP_MAYMOVE, REMAPS), A(FREE_PLACE, FIXED));
  SWEEP(remap_file_pages, A(SHARED, ADDRESSES), A(PAGE, LENGTHS), A(0, PROTECTIONS), A(1, NUMBERS), A(0, MAPS));
}

static void advice(void) {
  after_success = before_each = touch_area;
  SWEEP(madvise, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(MADV_NORMAL, ADVICES));
  SWEEP(madvise, A(AREA, ADDRESSES), A(2 * PAGE, REMAP_LENGTHS), A(MADV_DONTNEED, FIXED));
  SWEEP(madvise, A(AREA, ADDRESSES), A(2 * PAGE, REMAP_LENGTHS), A(MADV_FREE, FIXED));
  SWEEP(madvise, A(SHARED, ADDRESSES), A(2 * PAGE, FIXED), A(MADV_REMOVE, ADVICES));
  SWEEP(madvise, A(SHARED, FIXED), A(2 * PAGE, FIXED), A(MADV_FREE, FIXED));
  SWEEP(madvise, A(READ_ONLY, FIXED), A(PAGE, FIXED), A(MADV_POPULATE_WRITE, FIXED));
  SWEEP(madvise, A(NO_ACCESS, FIXED), A(PAGE, FIXED), A(MADV_POPULATE_READ, FIXED));
  SWEEP(msync, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(MS_SYNC, SYNCS));
  SWEEP(msync, A(SHARED, ADDRESSES), A(2 * PAGE, LENGTHS), A(MS_SYNC, SYNCS));
  SWEEP(mincore, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(DATA, FILLED));
  struct iovec *v = (void *)AT(568);
  v[0] = (struct iovec){(void *)AREA, PAGE}, v[1] = (struct iovec){(void *)(AREA + PAGE), PAGE};
  v = (void *)AT(600);
  v[0] = (struct iovec){(void *)AREA, PAGE}, v[1] = (struct iovec){(void *)UNMAPPED, PAGE};
  v = (void *)AT(632);
  v[0] = (struct iovec){(void *)KERNEL, PAGE}, v[1] = (struct iovec){(void *)AREA, PAGE};
  v = (void *)AT(664);
  v[0] = (struct iovec){(void *)AREA, PAGE}, v[1] = (struct iovec){(void *)AREA, (size_t)-1};
  SWEEP(process_madvise, A(PIDFD, FDS), A(AT(568), VECTORS), A(2, COUNTS), A(MADV_COLD, FIXED), A(0, FLAGS));
  SWEEP(process_mrelease, A(PIDFD, FDS), A(0, FLAGS));
}

static int own_pid;

static void other_memory(void) {
  own_pid = getpid();
  struct iovec *v = (void *)AT(700);
  v[0] = (struct iovec){(void *)DATA, 16}, v[1] = (struct iovec){(void *)(DATA + 64), 16};
  before_each = NULL;
  SWEEP(process_vm_readv, A(own_pid, PROCESSES), A(AT(700), VECTORS), A(2, COUNTS), A(AT(568), VECTORS), A(2, COUNTS), A(0, FLAGS));
  SWEEP(process_vm_writev, A(own_pid, PROCESSES), A(AT(700), VECTORS), A(2, COUNTS), A(AT(568), VECTORS), A(2, COUNTS), A(0, FLAGS));
}

static void locks(void) {
  struct rlimit limit = {8 * PAGE, 8 * PAGE};
  setrlimit(RLIMIT_MEMLOCK, &limit);
  after_success = remap_area;
  SWEEP(mlock, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS));
  SWEEP(mlock, A(AREA, FIXED), A(4 * PAGE, FIXED));
  SWEEP(mlock2, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(0, LOCK_FLAGS));
  SWEEP(munlock, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS));
  SWEEP(mlockall, A(MCL_CURRENT, LOCK_ALL));
  SWEEP(munlockall);
  limit.rlim_cur = 0;
  setrlimit(RLIMIT_MEMLOCK, &limit);
  SWEEP(mlock, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS));
  SWEEP(mlock2, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(0, LOCK_FLAGS));
  SWEEP(mlockall, A(MCL_CURRENT, LOCK_ALL));
  SWEEP_GOOD(mmap, A(FREE_PLACE, FIXED), A(PAGE, FIXED), A(PROT_READ, FIXED), A(MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, FIXED),
             A(-1, FIXED), A(0, FIXED));
}

static void policies(void) {
  after_success = NULL;
  memset((void *)AT(0), 0, 512);
  *(long *)AT(0) = 1;
  *(long *)AT(256) = 1L << 40;
  SWEEP(mbind, A(AREA, ADDRESSES), A(2 * PAGE, LENGTHS), A(2, POLICIES), A(AT(0), NODES), A(64, NODE_COUNTS), A(0, BIND_FLAGS));
  SWEEP(mbind, A(AREA, FIXED), A(2 * PAGE, FIXED), A(0, POLICIES), A(NULL, NODES), A(0, NODE_COUNTS), A(0, FIXED));
  SWEEP(get_mempolicy, A(DATA, FILLED), A(DATA, FILLED), A(64, NODE_COUNTS), A(0, ADDRESSES), A(0, GET_FLAGS));
  SWEEP(get_mempolicy, A(DATA, FILLED), A(NULL, FILLED), A(0, NODE_COUNTS), A(AREA, ADDRESSES), A(2, GET_FLAGS));
  SWEEP(set_mempolicy, A(2, POLICIES), A(AT(0), NODES), A(64, NODE_COUNTS));
  SWEEP(set_mempolicy, A(0, POLICIES), A(NULL, NODES), A(0, NODE_COUNTS));
  SWEEP(set_mempolicy, A(0, FIXED), A(NULL, FIXED), A(0, FIXED));
}

static void others(void) {
  after_success = NULL;
  SWEEP_FD(memfd_create, A("name", NAMES), A(0, MEMFD_FLAGS));
  long end = syscall(SYS_brk, 0);
  HOLDS(syscall(SYS_brk, 1) == end);
  HOLDS(syscall(SYS_brk, -1) == end);
  HOLDS(syscall(SYS_brk, KERNEL) == end);
  HOLDS(syscall(SYS_brk, end + PAGE) == end + PAGE);
  HOLDS(syscall(SYS_brk, end) == end);
  SWEEP(mseal, A(AREA, ADDRESSES), A(0, LENGTHS), A(0, NUMBERS));
  SWEEP(mseal, A(FREE_PLACE, FIXED), A(PAGE, LENGTHS), A(0, FLAGS));
}

static void sweep_all(void) {
  remap_area();
  maps();
  advice();
  other_memory();
  locks();
  policies();
  others();
}
