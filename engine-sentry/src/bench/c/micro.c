/*
 * Micro benchmarks of a kernel as a program sees it: what one system call, one pipe round trip or
 * one process costs.
 *
 *   micro [-t MILLISECONDS] [-d DIRECTORY] [-m] [-l] [NAME...]
 *
 * Each benchmark runs in batches for about the given time and prints "NAME NANOSECONDS", the
 * median over the batches of the time per operation; with -m the minimum, which says what a
 * machine that has other work would do without it. DIRECTORY must be writable; files are made
 * there and removed again.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BATCHES = 4096, DIR_ENTRIES = 1000, LARGE_MIB = 64, TOUCHED_PAGES = 64 };

struct benchmark {
  const char *name;
  const char *what;
  void (*setup)(void);
  void (*run)(long ops);
  void (*teardown)(void);
};

static const char *directory = "/tmp";
static char path[512];
static char buffer[65536];
static int fd, pipe_a[2], pipe_b[2];
static pid_t peer;
static volatile uint64_t sink;
static char self[512];
static int minimum;

static void must(int ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "micro: %s: %s\n", what, strerror(errno));
    exit(1);
  }
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void run_getppid(long ops) {
  while (ops-- > 0) syscall(SYS_getppid);
}

static void run_gettid(long ops) {
  while (ops-- > 0) syscall(SYS_gettid);
}

static void run_clock(long ops) {
  struct timespec t;
  while (ops-- > 0) clock_gettime(CLOCK_MONOTONIC, &t);
}

static void setup_zero(void) {
  fd = open("/dev/zero", O_RDONLY);
  must(fd >= 0, "open /dev/zero");
}

static void close_fd(void) { close(fd); }

static void run_zero(long ops) {
  while (ops-- > 0) must(read(fd, buffer, 1) == 1, "read");
}

static void setup_file(void) {
  snprintf(path, sizeof path, "%s/micro.%d", directory, (int)getpid());
  fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  must(fd >= 0, path);
  for (int i = 0; i < 16; i++) must(write(fd, buffer, sizeof buffer) == sizeof buffer, "write");
}

static void teardown_file(void) {
  close(fd);
  unlink(path);
}

static void run_pread(long ops) {
  for (long i = 0; i < ops; i++)
    must(pread(fd, buffer, 4096, (i & 255) * 4096) == 4096, "pread");
}

static void run_pwrite(long ops) {
  for (long i = 0; i < ops; i++)
    must(pwrite(fd, buffer, 4096, (i & 255) * 4096) == 4096, "pwrite");
}

static void run_open_close(long ops) {
  while (ops-- > 0) {
    int f = open(path, O_RDONLY);
    must(f >= 0, "open");
    close(f);
  }
}

static void run_stat(long ops) {
  struct stat st;
  while (ops-- > 0) must(stat(path, &st) == 0, "stat");
}

static void setup_large(void) {
  setup_file();
  for (int i = 0; i < LARGE_MIB * 16; i++)
    must(write(fd, buffer, sizeof buffer) == sizeof buffer, "write");
  must(lseek(fd, 0, SEEK_SET) == 0, "lseek");
}

/* One operation is 1 MiB, read as cat does it; the file's end leads back to its beginning. */
static void run_read(long ops) {
  for (long left = ops * 16; left > 0; left--) {
    ssize_t n = read(fd, buffer, sizeof buffer);
    must(n >= 0, "read");
    if (n < (ssize_t)sizeof buffer) lseek(fd, 0, SEEK_SET);
  }
}

static void setup_directory(void) {
  char name[600];
  snprintf(path, sizeof path, "%s/micro.d.%d", directory, (int)getpid());
  must(mkdir(path, 0700) == 0, path);
  for (int i = 0; i < DIR_ENTRIES; i++) {
    snprintf(name, sizeof name, "%s/entry-%d", path, i);
    int f = open(name, O_WRONLY | O_CREAT, 0600);
    must(f >= 0, name);
    close(f);
  }
}

static void teardown_directory(void) {
  char name[600];
  for (int i = 0; i < DIR_ENTRIES; i++) {
    snprintf(name, sizeof name, "%s/entry-%d", path, i);
    unlink(name);
  }
  rmdir(path);
}

static void run_readdir(long ops) {
  while (ops-- > 0) {
    DIR *d = opendir(path);
    must(d != NULL, "opendir");
    int n = 0;
    while (readdir(d) != NULL) n++;
    closedir(d);
    must(n == DIR_ENTRIES + 2, "readdir");
  }
}

static void setup_pipe(void) { must(pipe(pipe_a) == 0, "pipe"); }

static void teardown_pipe(void) {
  close(pipe_a[0]);
  close(pipe_a[1]);
}

static void run_pipe(long ops) {
  while (ops-- > 0) {
    must(write(pipe_a[1], buffer, 1) == 1, "write");
    must(read(pipe_a[0], buffer, 1) == 1, "read");
  }
}

static void setup_pingpong(void) {
  must(pipe(pipe_a) == 0 && pipe(pipe_b) == 0, "pipe");
  peer = fork();
  must(peer >= 0, "fork");
  if (peer == 0) {
    close(pipe_a[1]);
    close(pipe_b[0]);
    char c;
    while (read(pipe_a[0], &c, 1) == 1) must(write(pipe_b[1], &c, 1) == 1, "write");
    _exit(0);
  }
  close(pipe_a[0]);
  close(pipe_b[1]);
}

static void run_pingpong(long ops) {
  while (ops-- > 0) {
    must(write(pipe_a[1], buffer, 1) == 1, "write");
    must(read(pipe_b[0], buffer, 1) == 1, "read");
  }
}

static void teardown_pingpong(void) {
  close(pipe_a[1]);
  close(pipe_b[0]);
  waitpid(peer, NULL, 0);
}

static void wait_for(pid_t pid, const char *what) {
  int status;
  must(pid > 0, what);
  must(waitpid(pid, &status, 0) == pid && status == 0, "wait");
}

static void run_fork(long ops) {
  while (ops-- > 0) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    wait_for(pid, "fork");
  }
}

/* The program itself, with an argument that makes it leave at once: a static binary's `true`. */
static void run_exec(long ops) {
  char *argv[] = {self, "--leave", NULL};
  char *envp[] = {NULL};
  while (ops-- > 0) {
    pid_t pid = fork();
    if (pid == 0) {
      execve(self, argv, envp);
      _exit(127);
    }
    wait_for(pid, "fork");
  }
}

static void run_mmap(long ops) {
  while (ops-- > 0) {
    char *p = mmap(NULL, TOUCHED_PAGES * 4096L, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(p != MAP_FAILED, "mmap");
    for (int i = 0; i < TOUCHED_PAGES; i++) p[i * 4096L] = 1;
    munmap(p, TOUCHED_PAGES * 4096L);
  }
}

/* Work without system calls: rounds of mixing over 4 KiB, as a hash function does it. */
static void run_cpu(long ops) {
  uint64_t a = 0x9e3779b97f4a7c15ULL, b = sink;
  const uint64_t *w = (const uint64_t *)buffer;
  while (ops-- > 0) {
    for (int i = 0; i < 512; i++) {
      a ^= w[i];
      a = (a << 13 | a >> 51) * 0xbf58476d1ce4e5b9ULL;
      b += a ^ (b >> 7);
    }
  }
  sink = a ^ b;
}

static const struct benchmark benchmarks[] = {
    {"getppid", "a call that does nothing", NULL, run_getppid, NULL},
    {"gettid", "another", NULL, run_gettid, NULL},
    {"clock_gettime", "the vDSO's clock", NULL, run_clock, NULL},
    {"read-zero", "read 1 byte of /dev/zero", setup_zero, run_zero, close_fd},
    {"pread-4k", "pread 4 KiB of a cached file", setup_file, run_pread, teardown_file},
    {"pwrite-4k", "pwrite 4 KiB of a cached file", setup_file, run_pwrite, teardown_file},
    {"read-1m", "read 1 MiB of a large file in sequence", setup_large, run_read, teardown_file},
    {"open-close", "open and close a file", setup_file, run_open_close, teardown_file},
    {"stat", "stat a file", setup_file, run_stat, teardown_file},
    {"readdir-1000", "list a directory of 1,000", setup_directory, run_readdir,
     teardown_directory},
    {"pipe", "write and read 1 byte, one process", setup_pipe, run_pipe, teardown_pipe},
    {"ping-pong", "1 byte there and back, two processes", setup_pingpong, run_pingpong,
     teardown_pingpong},
    {"fork-wait", "fork, exit, wait", NULL, run_fork, NULL},
    {"fork-exec-wait", "fork, exec a static program, wait", NULL, run_exec, NULL},
    {"mmap-touch-64", "mmap, touch 64 pages, munmap", NULL, run_mmap, NULL},
    {"cpu-4k", "hash 4 KiB: no system call", NULL, run_cpu, NULL},
};

static int by_value(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

static void measure(const struct benchmark *b, int64_t duration) {
  static double batches[MAX_BATCHES];
  if (b->setup) b->setup();

  /* A batch is long enough (1 ms) that reading the clock does not count. */
  long ops = 1;
  for (;;) {
    /* The best of three: a batch during which others had the processor says nothing. */
    int64_t best = INT64_MAX;
    for (int k = 0; k < 3 && best >= 1000000; k++) {
      int64_t t = now();
      b->run(ops);
      t = now() - t;
      if (t < best) best = t;
    }
    if (best >= 1000000 || ops >= 1L << 30) break;
    ops *= best < 100000 ? 8 : 2;
  }

  int n = 0;
  int64_t end = now() + duration;
  do {
    int64_t t = now();
    b->run(ops);
    batches[n++] = (double)(now() - t) / (double)ops;
  } while (n < MAX_BATCHES && (now() < end || n < 3));
  if (b->teardown) b->teardown();

  qsort(batches, (size_t)n, sizeof *batches, by_value);
  printf("%s %.1f\n", b->name, batches[minimum ? 0 : n / 2]);
  fflush(stdout);
}

int main(int argc, char **argv) {
  const size_t count = sizeof benchmarks / sizeof *benchmarks;
  int64_t duration = 300000000;
  int opt;
  if (argc == 2 && strcmp(argv[1], "--leave") == 0) return 0;
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0) snprintf(self, sizeof self, "%s", argv[0]);
  while ((opt = getopt(argc, argv, "t:d:ml")) != -1) {
    switch (opt) {
      case 't':
        duration = atoll(optarg) * 1000000;
        break;
      case 'd':
        directory = optarg;
        break;
      case 'm':
        minimum = 1;
        break;
      case 'l':
        for (size_t i = 0; i < count; i++)
          printf("%s\t%s\n", benchmarks[i].name, benchmarks[i].what);
        return 0;
      default:
        return 2;
    }
  }
  memset(buffer, 'x', sizeof buffer);
  for (size_t i = 0; i < count; i++) {
    int wanted = optind == argc;
    for (int k = optind; k < argc; k++) wanted |= strcmp(argv[k], benchmarks[i].name) == 0;
    if (wanted) measure(&benchmarks[i], duration);
  }
  return 0;
}
