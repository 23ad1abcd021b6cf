/* mprotect, mremap, brk, and stacks that grow. */
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "show.h"

enum { PAGE = 4096 };

static sigjmp_buf out;

static void fault(int sig) { siglongjmp(out, sig); }

static const char *can_read(volatile char *p) {
  if (sigsetjmp(out, 1)) return "no";
  (void)*p;
  return "yes";
}

static const char *can_write(volatile char *p) {
  if (sigsetjmp(out, 1)) return "no";
  *p = *p;
  return "yes";
}

static const char *can_run(char *p) {
  if (sigsetjmp(out, 1)) return "no";
  return ((int (*)(void))p)() == 42 ? "yes" : "WRONG";
}

static void access_of(const char *what, char *p) {
  printf("%s: read %s write %s\n", what, can_read(p), can_write(p));
}

static int deep(int n) {
  volatile char frame[1024];
  frame[n % 1024] = (char)n;
  return n == 0 ? 0 : deep(n - 1) + 1 + frame[n % 1024] - (char)n;
}

int main(void) {
  signal(SIGSEGV, fault);
  signal(SIGBUS, fault);
  const int rw = PROT_READ | PROT_WRITE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  char *p = mmap(NULL, 16 * PAGE, rw, anonymous, -1, 0);
  memset(p, 'p', 16 * PAGE);
  SHOW(mprotect(p + PAGE, PAGE, PROT_READ));
  SHOW(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
  access_of("as mapped", p);
  access_of("read-only", p + PAGE);
  access_of("none", p + 2 * PAGE);
  access_of("after", p + 3 * PAGE);
  SHOW(mprotect(p, 4 * PAGE, rw));
  access_of("again", p + 2 * PAGE);
  HOLDS(p[PAGE] == 'p' && p[2 * PAGE] == 'p');
  SHOW(mprotect(p + 1, PAGE, rw));
  munmap(p + 5 * PAGE, PAGE);
  SHOW(mprotect(p + 4 * PAGE, 3 * PAGE, PROT_READ));
  access_of("before the hole", p + 4 * PAGE);
  access_of("after the hole", p + 6 * PAGE);
  SHOW(mprotect(p, PAGE, 0x1000));
  SHOW(mprotect(p, 0, PROT_READ));

  /* The kernel respects it too. */
  int fds[2];
  pipe(fds);
  mprotect(p, PAGE, PROT_READ);
  mprotect(p + PAGE, PAGE, PROT_NONE);
  SHOW(write(fds[1], p + PAGE, 1));
  SHOW(write(fds[1], p, 10));
  SHOW(read(fds[0], p, 10));
  SHOW(write(fds[1], p + PAGE - 5, 10));
  mprotect(p, 2 * PAGE, rw);

  /* Code made at run time. */
  unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
  char *x = mmap(NULL, PAGE, rw, anonymous, -1, 0);
  memcpy(x, code, sizeof code);
  printf("not executable: %s\n", can_run(x));
  SHOW(mprotect(x, PAGE, PROT_READ | PROT_EXEC));
  printf("executable: %s\n", can_run(x));
  SHOW(mprotect(x, PAGE, rw));
  x[1] = 41;
  SHOW(mprotect(x, PAGE, PROT_READ | PROT_EXEC));
  printf("changed: %s\n", can_run(x));

  /* mremap. */
  char *m = mmap(NULL, 4 * PAGE, rw, anonymous, -1, 0);
  for (int i = 0; i < 4; i++) m[i * PAGE] = (char)('0' + i);
  char *n = mremap(m, 4 * PAGE, 2 * PAGE, 0);
  HOLDS(n == m);
  printf("cut off: read %s\n", can_read(m + 2 * PAGE));
  char *obstacle = mmap(m + 2 * PAGE, PAGE, rw, anonymous | MAP_FIXED, -1, 0);
  HOLDS(obstacle == m + 2 * PAGE);
  HOLDS(mremap(m, 2 * PAGE, 8 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
  n = mremap(m, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
  HOLDS(n != MAP_FAILED && n != m && n[0] == '0' && n[PAGE] == '1' && n[2 * PAGE] == 0);
  printf("old place: read %s\n", can_read(m));
  char *target = mmap(NULL, 8 * PAGE, PROT_NONE, anonymous, -1, 0);
  char *moved = mremap(n, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
  HOLDS(moved == target && moved[PAGE] == '1');
  access_of("moved", moved + 7 * PAGE);
  SHOW(mremap(moved + 1, PAGE, PAGE, 0) == MAP_FAILED);
  SHOW(mremap(moved, PAGE, 0, 0) == MAP_FAILED);
  munmap(moved, 8 * PAGE);
  errno = 0;
  SHOW(mremap(moved, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
  char *grown = malloc(1 << 20);
  memset(grown, 'g', 1 << 20);
  for (size_t size = 1 << 20; size <= 16 << 20; size *= 2) grown = realloc(grown, size);
  HOLDS(grown[0] == 'g' && grown[(1 << 20) - 1] == 'g');
  free(grown);

  /* A mapping of a file moves with its file. */
  enter_work_directory();
  int fd = open("f", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 4 * PAGE);
  pwrite(fd, "third", 5, 2 * PAGE);
  char *f = mmap(NULL, PAGE, rw, MAP_SHARED, fd, 0);
  f = mremap(f, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
  HOLDS(memcmp(f + 2 * PAGE, "third", 5) == 0);
  f[3 * PAGE] = '!';
  char c;
  SHOW(pread(fd, &c, 1, 3 * PAGE));
  HOLDS(c == '!');

  /* The break. */
  char *start = sbrk(0);
  HOLDS(brk(start + 10 * PAGE) == 0 && (char *)sbrk(0) == start + 10 * PAGE);
  memset(start, 'b', 10 * PAGE);
  HOLDS(brk(start + PAGE) == 0);
  printf("above the break: read %s\n", can_read(start + 5 * PAGE));
  HOLDS(brk(start + 10 * PAGE) == 0);
  HOLDS(start[5 * PAGE] == 0 && start[0] == 'b');
  HOLDS((char *)syscall(SYS_brk, 0) == start + 10 * PAGE);
  HOLDS((char *)syscall(SYS_brk, 1L << 46) == start + 10 * PAGE);
  brk(start);
  struct rlimit limit, old;
  getrlimit(RLIMIT_DATA, &old);
  limit = old;
  limit.rlim_cur = 1 << 20;
  SHOW(setrlimit(RLIMIT_DATA, &limit));
  HOLDS(sbrk(64 << 20) == (void *)-1);
  setrlimit(RLIMIT_DATA, &old);
  getrlimit(RLIMIT_AS, &old);
  limit = old;
  limit.rlim_cur = 256 << 20;
  SHOW(setrlimit(RLIMIT_AS, &limit));
  HOLDS(mmap(NULL, 512 << 20, rw, anonymous, -1, 0) == MAP_FAILED && errno == ENOMEM);
  setrlimit(RLIMIT_AS, &old);

  /* The stack grows by itself. */
  printf("deep %d\n", deep(5000));
  char *g = mmap(NULL, 64 * PAGE, PROT_NONE, anonymous, -1, 0);
  munmap(g, 64 * PAGE);
  char *top = mmap(g + 60 * PAGE, PAGE, rw, anonymous | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  HOLDS(top == g + 60 * PAGE);
  printf("below a growing mapping: write %s\n", can_write(top - 8));
  return 0;
}
