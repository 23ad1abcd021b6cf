/*
 * What a checkpoint is: a JVM that has run sandboxes and waits for the next one, written into a file (host/checkpoint.c). A process
 * that begins with it (restore/restore.c) needs no start of a JVM, and its code is compiled. It holds for one boot of one machine, one
 * user, and the surroundings that a JVM reads once; the file's name and its first page say which (checkpoint_identity).
 */
#ifndef VIVARIUM_CHECKPOINT_H
#define VIVARIUM_CHECKPOINT_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
  CHECKPOINT_PAGE = 4096,
  CHECKPOINT_PATH = 512,
  CHECKPOINT_IDENTITY = 2048,
  CHECKPOINT_THREADS = 64,
  CHECKPOINT_FILES = 64,
  CHECKPOINT_DESCRIPTORS = 16,
  CHECKPOINT_REGIONS = 8192,
  CHECKPOINT_SIGNALS = 64,
  /* Below are the descriptors of whoever starts such a process; those of the JVM lie above. */
  CHECKPOINT_FIRST_DESCRIPTOR = 64,
  /* Where the program that restores lies: no JVM maps anything so low. */
  CHECKPOINT_LOW = 0x100000,
  CHECKPOINT_LOW_END = 0x200000,
};

#define CHECKPOINT_MAGIC "vivarium checkpoint 1"

/* The registers that a function keeps for its caller, and where it returns to. */
struct checkpoint_context {
  uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

/* One thread. The restoring program's assembly knows the offsets. */
struct checkpoint_thread {
  struct checkpoint_context at;
  uint64_t fs, tid, robust, rseq, mask;
  char name[16];
  uint32_t leader, unused;
};

/* A file that is mapped, as it was. */
struct checkpoint_file {
  uint64_t device, inode, size;
  int64_t seconds, nanoseconds;
  char path[CHECKPOINT_PATH];
};

/*
 * A descriptor, of a file or a device that is opened again; or, without a path, a socket of the file system whose other end is closed,
 * which the JDK keeps to put it in the place of what others still read from.
 */
struct checkpoint_descriptor {
  int32_t number, flags;
  uint64_t offset;
  char path[CHECKPOINT_PATH];
};

enum { CHECKPOINT_ANONYMOUS = -1, CHECKPOINT_SAVED = -2 };

/* Memory: of a file (its index), of the checkpoint itself, or empty. */
struct checkpoint_region {
  uint64_t start, end, offset;
  int32_t file;
  uint8_t protection, shared, huge, unused;
};

/* As rt_sigaction(2) has it. */
struct checkpoint_action {
  uint64_t handler, flags, restorer, mask;
};

/* Where the new process has what it was started with. */
struct checkpoint_told {
  uint64_t environment;
};

/* The first bytes of the file; as many regions follow as there are, then, on whole pages, what they hold. */
struct checkpoint {
  char magic[32];
  char identity[CHECKPOINT_IDENTITY];
  uint32_t regions, threads, files, descriptors;
  uint64_t size;
  uint64_t vdso, vdso_size, vvar, vvar_size;
  uint64_t told;
  struct checkpoint_action actions[CHECKPOINT_SIGNALS];
  struct checkpoint_thread thread[CHECKPOINT_THREADS];
  struct checkpoint_file file[CHECKPOINT_FILES];
  struct checkpoint_descriptor descriptor[CHECKPOINT_DESCRIPTORS];
  struct checkpoint_region region[];
};

/* As the kernel answers: the result or a negative errno. */
static inline long checkpoint_ask(long nr, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}

struct checkpoint_text {
  char *text;
  size_t size, used;
};

static inline void checkpoint_put(struct checkpoint_text *to, const char *text) {
  while (*text && to->used + 1 < to->size)
    to->text[to->used++] = *text++;
  to->text[to->used] = 0;
}

static inline void checkpoint_put_number(struct checkpoint_text *to, uint64_t number) {
  char digits[17], *p = digits + sizeof digits - 1;
  *p = 0;
  do
    *--p = "0123456789abcdef"[number & 15];
  while (number >>= 4);
  checkpoint_put(to, p);
  checkpoint_put(to, "\n");
}

/* The value of an environment's variable, or NULL. */
static inline const char *checkpoint_variable(char *const *environment, const char *name) {
  for (; *environment; environment++) {
    const char *a = *environment, *b = name;
    while (*b && *a == *b)
      a++, b++;
    if (!*b && *a == '=')
      return a + 1;
  }
  return NULL;
}

/*
 * What must be as it was: the boot and with it the machine and its kernel, the user, the processors, the surroundings that libc and the
 * JVM read once, and our own programs. Always of the same size, and the rest of it zero.
 */
static inline void checkpoint_identity(char *out, char *const *environment, const char *jar) {
  static const char *const names[] = {"LANG",      "LANGUAGE", "LC_ALL",     "LC_CTYPE",        "LC_MESSAGES",     "LC_NUMERIC",
                                      "LC_TIME",   "TZ",       "LD_PRELOAD", "LD_LIBRARY_PATH", "GLIBC_TUNABLES", "JAVA_HOME", "_JAVA_OPTIONS"};
  struct checkpoint_text to = {out, CHECKPOINT_IDENTITY, 0};
  uint64_t processors[16] = {0};
  char boot[40] = {0};
  struct stat st;
  for (size_t i = 0; i < CHECKPOINT_IDENTITY; i++)
    out[i] = 0;
  long fd = checkpoint_ask(SYS_open, (long)"/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0, 0, 0, 0);
  if (fd >= 0) {
    checkpoint_ask(SYS_read, fd, (long)boot, sizeof boot - 1, 0, 0, 0);
    checkpoint_ask(SYS_close, fd, 0, 0, 0, 0, 0);
  }
  checkpoint_put(&to, boot);
  checkpoint_put_number(&to, (uint64_t)checkpoint_ask(SYS_geteuid, 0, 0, 0, 0, 0, 0));
  checkpoint_put_number(&to, (uint64_t)checkpoint_ask(SYS_getegid, 0, 0, 0, 0, 0, 0));
  checkpoint_ask(SYS_sched_getaffinity, 0, sizeof processors, (long)processors, 0, 0, 0);
  for (int i = 0; i < 16; i++)
    if (processors[i]) {
      checkpoint_put_number(&to, (uint64_t)i);
      checkpoint_put_number(&to, processors[i]);
    }
  checkpoint_put(&to, jar);
  checkpoint_put(&to, "\n");
  if (!checkpoint_ask(SYS_stat, (long)jar, (long)&st, 0, 0, 0, 0)) {
    checkpoint_put_number(&to, st.st_ino);
    checkpoint_put_number(&to, (uint64_t)st.st_mtim.tv_sec);
    checkpoint_put_number(&to, (uint64_t)st.st_mtim.tv_nsec);
  }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = checkpoint_variable(environment, names[i]);
    if (value) {
      checkpoint_put(&to, names[i]);
      checkpoint_put(&to, "=");
      checkpoint_put(&to, value);
      checkpoint_put(&to, "\n");
    }
  }
}

#endif
