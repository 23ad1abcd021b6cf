/* mmap and what it promises: anonymous, private and shared, of files, fixed, with holes, sparse. */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "show.h"

enum { PAGE = 4096 };

static char *map(size_t length, int prot, int flags, int fd, off_t offset) {
  return mmap(NULL, length, prot, flags, fd, offset);
}

#define SHOW_MAP(call)                                                        \
  do {                                                                        \
    errno = 0;                                                                \
    void *mapped_ = (call);                                                   \
    printf("%s: %s\n", #call, mapped_ == MAP_FAILED ? error_name(errno) : "ok"); \
  } while (0)

static int all(const char *p, size_t n, char value) {
  for (size_t i = 0; i < n; i++)
    if (p[i] != value) return 0;
  return 1;
}

static int readable(char *p) {
  int fds[2];
  pipe(fds);
  int ok = write(fds[1], p, 1) == 1;
  close(fds[0]);
  close(fds[1]);
  return ok;
}

int main(void) {
  enter_work_directory();
  const int rw = PROT_READ | PROT_WRITE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

  char *a = map(64 * PAGE, rw, anonymous, -1, 0);
  HOLDS(((uintptr_t)a & (PAGE - 1)) == 0);
  HOLDS(all(a, 64 * PAGE, 0));
  memset(a, 'a', 64 * PAGE);
  SHOW(munmap(a + 10 * PAGE, 5 * PAGE));
  HOLDS(readable(a + 10 * PAGE - 1));
  HOLDS(!readable(a + 10 * PAGE));
  HOLDS(!readable(a + 15 * PAGE - 1));
  HOLDS(readable(a + 15 * PAGE));
  char *b = mmap(a + 12 * PAGE, PAGE, rw, anonymous | MAP_FIXED, -1, 0);
  HOLDS(b == a + 12 * PAGE);
  HOLDS(all(b, PAGE, 0));
  b = mmap(a + 20 * PAGE, 2 * PAGE, rw, anonymous | MAP_FIXED, -1, 0);
  HOLDS(b == a + 20 * PAGE && all(b, 2 * PAGE, 0) && a[22 * PAGE] == 'a');
  SHOW_MAP(mmap(a, PAGE, rw, anonymous | MAP_FIXED_NOREPLACE, -1, 0));
  b = mmap(a + 11 * PAGE, PAGE, rw, anonymous | MAP_FIXED_NOREPLACE, -1, 0);
  HOLDS(b == a + 11 * PAGE);
  SHOW(munmap(a, 64 * PAGE));
  SHOW(munmap(a, 64 * PAGE));
  SHOW(munmap(a + 1, PAGE));
  SHOW(munmap(a, 0));
  SHOW_MAP(map(0, rw, anonymous, -1, 0));
  SHOW_MAP(map(PAGE, rw, MAP_ANONYMOUS, -1, 0));
  SHOW_MAP(map(PAGE, rw, MAP_PRIVATE, -1, 0));
  SHOW_MAP(map(1UL << 48, rw, anonymous | MAP_NORESERVE, -1, 0));
  SHOW_MAP(mmap((void *)(1UL << 47), PAGE, rw, anonymous | MAP_FIXED, -1, 0));
  SHOW_MAP(mmap((void *)(uintptr_t)(PAGE + 1), PAGE, rw, anonymous | MAP_FIXED, -1, 0));

  /* Private and shared mappings of a file. */
  int fd = open("f", O_RDWR | O_CREAT, 0644);
  char text[3 * PAGE];
  for (int i = 0; i < 3 * PAGE; i++) text[i] = (char)('0' + i / PAGE);
  write(fd, text, 2 * PAGE + 100);
  char *private = map(3 * PAGE, rw, MAP_PRIVATE, fd, 0);
  char *shared = map(3 * PAGE, rw, MAP_SHARED, fd, 0);
  HOLDS(private[0] == '0' && private[PAGE] == '1' && private[2 * PAGE + 99] == '2');
  HOLDS(all(private + 2 * PAGE + 100, PAGE - 100, 0));
  private[0] = 'P';
  HOLDS(shared[0] == '0');
  shared[1] = 'S';
  char c[4] = {0};
  SHOW(pread(fd, c, 3, 0));
  puts(c);
  pwrite(fd, "W", 1, 2);
  pwrite(fd, "W", 1, PAGE);
  HOLDS(shared[2] == 'W' && shared[PAGE] == 'W');
  HOLDS(private[0] == 'P' && private[PAGE] == 'W');
  SHOW(msync(shared, 3 * PAGE, MS_SYNC));
  SHOW(msync(shared, PAGE, MS_SYNC | MS_ASYNC));
  SHOW(msync(shared + 1, PAGE, MS_SYNC));
  char *second = map(PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
  HOLDS(second[0] == 'W' && second[1] == '1');
  SHOW_MAP(map(PAGE, PROT_READ, MAP_PRIVATE, fd, 1));
  close(fd);
  shared[3] = 'C';
  show_file("missing");
  fd = open("f", O_RDONLY);
  pread(fd, c, 1, 3);
  printf("after close: %c\n", c[0]);
  SHOW_MAP(map(PAGE, rw, MAP_SHARED, fd, 0));
  SHOW_MAP(map(PAGE, rw, MAP_PRIVATE, fd, 0));
  int w = open("f", O_WRONLY);
  SHOW_MAP(map(PAGE, PROT_READ, MAP_PRIVATE, w, 0));
  int d = open(".", O_RDONLY);
  SHOW_MAP(map(PAGE, PROT_READ, MAP_PRIVATE, d, 0));
  int p[2];
  pipe(p);
  SHOW_MAP(map(PAGE, PROT_READ, MAP_PRIVATE, p[0], 0));
  int zero = open("/dev/zero", O_RDWR);
  char *z = map(2 * PAGE, rw, MAP_PRIVATE, zero, 0);
  z[PAGE] = 1;
  HOLDS(all(z, PAGE, 0));
  SHOW(truncate("f", 10));
  HOLDS(shared[3] == 'C' && shared[10] == 0);
  HOLDS(private[0] == 'P');
  SHOW(truncate("f", 2 * PAGE));
  HOLDS(shared[0] == '0' && shared[PAGE] == 0);
  SHOW(unlink("f"));
  HOLDS(shared[0] == '0');

  /* Shared with a child: through memory, through a file, and not when private. */
  char *sa = map(PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *pa = map(16 * PAGE, rw, anonymous, -1, 0);
  memset(pa, 'p', 16 * PAGE);
  fflush(stdout);
  if (fork() == 0) {
    sa[0] = 'c';
    shared[5] = 'c';
    pa[0] = 'c';
    pa[PAGE * 15] = 'c';
    _exit(!(pa[0] == 'c' && pa[1] == 'p' && private[0] == 'P'));
  }
  int status;
  wait(&status);
  show_status("child", status);
  HOLDS(sa[0] == 'c' && shared[5] == 'c' && pa[0] == 'p' && pa[PAGE * 15] == 'p');
  /* Copy on write over three generations, written by the parent first. */
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    if (fork() == 0) {
      while (sa[1] == 0) sleep_ms(1);
      _exit(!(all(pa, 16 * PAGE, 'p')));
    }
    memset(pa, 'm', 8 * PAGE);
    sa[1] = 1;
    wait(&status);
    _exit(status != 0 || pa[0] != 'm' || pa[9 * PAGE] != 'p');
  }
  memset(pa, 'p', 4 * PAGE);
  wait(&status);
  show_status("generations", status);
  HOLDS(all(pa, 16 * PAGE, 'p'));

  /* Big and sparse. */
  char *big = map(1UL << 36, rw, anonymous | MAP_NORESERVE, -1, 0);
  HOLDS(big != MAP_FAILED);
  for (int i = 0; i < 64; i++) big[(size_t)i << 30] = (char)i;
  int sum = 0;
  for (int i = 0; i < 64; i++) sum += big[(size_t)i << 30] + big[((size_t)i << 30) + PAGE];
  printf("sparse %d\n", sum);
  SHOW(munmap(big, 1UL << 36));

  /* Advice. */
  char *m = map(8 * PAGE, rw, anonymous, -1, 0);
  memset(m, 'x', 8 * PAGE);
  SHOW(madvise(m, 4 * PAGE, MADV_DONTNEED));
  HOLDS(all(m, 4 * PAGE, 0) && all(m + 4 * PAGE, 4 * PAGE, 'x'));
  SHOW(madvise(m, PAGE, MADV_WILLNEED));
  SHOW(madvise(m + 1, PAGE, MADV_DONTNEED));
  SHOW(madvise(m, PAGE, 12345));
  m[0] = 'y';
  HOLDS(m[0] == 'y');
  fd = open("g", O_RDWR | O_CREAT, 0644);
  write(fd, "file", 4);
  char *mf = map(PAGE, rw, MAP_PRIVATE, fd, 0);
  mf[0] = 'X';
  SHOW(madvise(mf, PAGE, MADV_DONTNEED));
  HOLDS(memcmp(mf, "file", 4) == 0);

  SHOW(mlock(m, PAGE));
  SHOW(munlock(m, PAGE));
  unsigned char vec[8];
  SHOW(mincore(m, 8 * PAGE, vec));
  SHOW(munmap(m, 8 * PAGE));
  SHOW(mincore(m, 8 * PAGE, vec));

  int memfd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  SHOW(ftruncate(memfd, PAGE));
  char *mm = map(PAGE, rw, MAP_SHARED, memfd, 0);
  strcpy(mm, "through memory");
  char t[32] = {0};
  SHOW(read(memfd, t, sizeof t));
  puts(t);
  SHOW(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
  SHOW(ftruncate(memfd, 0));
  SHOW(ftruncate(memfd, 2 * PAGE));
  SHOW(fcntl(memfd, F_GET_SEALS));
  SHOW(fcntl(memfd, F_ADD_SEALS, F_SEAL_WRITE));
  return 0;
}
