/*
 * Goes on where a checkpoint ended.
 *
 *   restore CHECKPOINT JAR COMMAND [WORD...]
 *
 * The process becomes the JVM that was written into CHECKPOINT (common/checkpoint.h), with its own arguments, environment, folder and
 * descriptors. Where that cannot be, it becomes COMMAND instead, which does the same from the beginning. A checkpoint is the user's own
 * file and believed as one: one that others could have written is not.
 *
 * No libc: nothing of it may be in the place of what is mapped, and what the kernel gave this process (stack, vdso) has to get out of the
 * way, or the process begins again in the hope of other addresses.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "../common/checkpoint.h"

enum { ATTEMPTS = 4, MOST_PIECES = 8, FAILED = 125, HEADER = CHECKPOINT_LOW + 0x20000, MOST_REGIONS_SIZE = CHECKPOINT_REGIONS * sizeof(struct checkpoint_region) };
_Static_assert(HEADER + sizeof(struct checkpoint) + MOST_REGIONS_SIZE < CHECKPOINT_LOW_END, "room for the header");

static struct checkpoint *image;
static int files[CHECKPOINT_FILES];
static char identity[CHECKPOINT_IDENTITY];
static char **command, **environment;
static const char *own_path; /* the checkpoint's */
static int talkative;

/* For the compiler, which makes calls of loops. */
void *memset(void *to, int value, size_t size) {
  for (char *p = to; size--; p++)
    *(volatile char *)p = (char)value;
  return to;
}

void *memcpy(void *to, const void *from, size_t size) {
  for (size_t i = 0; i < size; i++)
    ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}

static long ask(long nr, long a, long b, long c) { return checkpoint_ask(nr, a, b, c, 0, 0, 0); }

static void say(const char *text) {
  size_t size = 0;
  while (text[size])
    size++;
  ask(SYS_write, 2, (long)text, (long)size);
}

/* The longer way, which always works. */
static _Noreturn void from_the_beginning(const char *why, const char *what) {
  if (talkative) {
    say("viv: starts without its checkpoint: ");
    say(why);
    say(": ");
    say(what);
    say("\n");
  }
  ask(SYS_execve, (long)command[0], (long)command, (long)environment);
  say("viv: cannot start: ");
  say(command[0]);
  say("\n");
  ask(SYS_exit_group, FAILED, 0, 0);
  __builtin_unreachable();
}

static int same(const char *a, const char *b, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (a[i] != b[i])
      return 0;
  return 1;
}

static void *map(uint64_t start, uint64_t size, int protection, int flags, int fd, uint64_t offset) {
  return (void *)checkpoint_ask(SYS_mmap, (long)start, (long)size, protection, flags, fd, (long)offset);
}

static int failed(const void *address) { return (uint64_t)address > (uint64_t)-4096; }

/*
 * A thread begins: its lists, its name, its signals, its registers. start() is clone(2) for one, resume() what the first thread does
 * itself. Neither needs a stack of its own: below that of the context nothing lives.
 */
long start(struct checkpoint_thread *thread, uint64_t flags, uint64_t stack);
_Noreturn void resume(struct checkpoint_thread *thread);
__asm__(".text\n"
        "start:\n"
        "  push %r12\n"
        "  mov %rdi, %r12\n"
        "  mov %rsi, %rdi\n"
        "  mov %rdx, %rsi\n"
        "  mov 72(%r12), %rdx\n" /* where the new thread's id goes, */
        "  mov %rdx, %r10\n"     /* and is cleared at its end */
        "  mov 64(%r12), %r8\n"
        "  mov $56, %eax\n" /* clone */
        "  syscall\n"
        "  test %rax, %rax\n"
        "  jz 1f\n"
        "  pop %r12\n"
        "  ret\n"
        "1: mov %r12, %rdi\n"
        "resume:\n"
        "  mov %rdi, %r12\n"
        "  mov $273, %eax\n" /* set_robust_list */
        "  mov 80(%r12), %rdi\n"
        "  mov $24, %esi\n"
        "  syscall\n"
        "  mov 88(%r12), %rdi\n"
        "  test %rdi, %rdi\n"
        "  jz 2f\n"
        "  mov $334, %eax\n" /* rseq */
        "  mov $32, %esi\n"
        "  xor %edx, %edx\n"
        "  mov $0x53053053, %r10d\n"
        "  syscall\n"
        "2:\n"
        "  mov $157, %eax\n" /* prctl(PR_SET_NAME) */
        "  mov $15, %edi\n"
        "  lea 104(%r12), %rsi\n"
        "  syscall\n"
        "  mov $14, %eax\n" /* rt_sigprocmask(SIG_SETMASK) */
        "  mov $2, %edi\n"
        "  lea 96(%r12), %rsi\n"
        "  xor %edx, %edx\n"
        "  mov $8, %r10d\n"
        "  syscall\n"
        "  mov %r12, %rdi\n"
        "  mov 0(%rdi), %rbx\n"
        "  mov 8(%rdi), %rbp\n"
        "  mov 16(%rdi), %r12\n"
        "  mov 24(%rdi), %r13\n"
        "  mov 32(%rdi), %r14\n"
        "  mov 40(%rdi), %r15\n"
        "  mov 48(%rdi), %rsp\n"
        "  mov $1, %eax\n"
        "  jmp *56(%rdi)\n");
_Static_assert(offsetof(struct checkpoint_thread, fs) == 64 && offsetof(struct checkpoint_thread, tid) == 72 &&
                   offsetof(struct checkpoint_thread, robust) == 80 && offsetof(struct checkpoint_thread, rseq) == 88 &&
                   offsetof(struct checkpoint_thread, mask) == 96 && offsetof(struct checkpoint_thread, name) == 104,
               "the assembly's offsets");

/* Opens the checkpoint, above what the JVM has, and maps its beginning. */
static int open_checkpoint(const char *path) {
  struct stat st;
  long fd = ask(SYS_open, (long)path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0)
    from_the_beginning("cannot be opened", path);
  long high = ask(SYS_fcntl, fd, F_DUPFD_CLOEXEC, CHECKPOINT_FIRST_DESCRIPTOR * 4);
  ask(SYS_close, fd, 0, 0);
  if (high < 0 || ask(SYS_fstat, high, (long)&st, 0))
    from_the_beginning("cannot be opened", path);
  if (!S_ISREG(st.st_mode) || st.st_uid != (uid_t)ask(SYS_geteuid, 0, 0, 0) || st.st_mode & 022)
    from_the_beginning("others could have written it", path);
  if ((size_t)st.st_size < sizeof *image)
    from_the_beginning("is cut off", path);
  image = map(HEADER, sizeof *image + MOST_REGIONS_SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, (int)high, 0);
  if (failed(image))
    from_the_beginning("cannot be mapped", path);
  if (!same(image->magic, CHECKPOINT_MAGIC, sizeof CHECKPOINT_MAGIC) || image->size != (uint64_t)st.st_size ||
      image->regions > CHECKPOINT_REGIONS || image->threads > CHECKPOINT_THREADS || image->files > CHECKPOINT_FILES ||
      image->descriptors > CHECKPOINT_DESCRIPTORS)
    from_the_beginning("is of another version, or cut off", path);
  return (int)high;
}

/* It is of no use to anybody any more, and as long as it is there no other is made. */
static _Noreturn void stale(const char *changed) {
  ask(SYS_unlink, (long)own_path, 0, 0);
  from_the_beginning("a file has changed", changed);
}

/* The files that were mapped, if they are what they were. */
static void open_files(void) {
  for (unsigned i = 0; i < image->files; i++) {
    const struct checkpoint_file *file = &image->file[i];
    struct stat st;
    long fd = ask(SYS_open, (long)file->path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 || ask(SYS_fstat, fd, (long)&st, 0) || st.st_dev != file->device || st.st_ino != file->inode ||
        (uint64_t)st.st_size != file->size || st.st_mtim.tv_sec != file->seconds || st.st_mtim.tv_nsec != file->nanoseconds)
      stale(file->path);
    files[i] = (int)ask(SYS_fcntl, fd, F_DUPFD_CLOEXEC, CHECKPOINT_FIRST_DESCRIPTOR * 4);
    ask(SYS_close, fd, 0, 0);
    if (files[i] < 0)
      from_the_beginning("too many descriptors", file->path);
  }
}

static uint64_t hex(const char **p) {
  uint64_t value = 0;
  for (;; ++*p) {
    int c = **p, digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0)
      return value;
    value = value << 4 | (uint64_t)digit;
  }
}

/* What the kernel has mapped of its own: the vdso, and before it one or more mappings with what it reads. */
struct kernels {
  struct piece {
    uint64_t start, end;
  } piece[MOST_PIECES];
  int pieces;
};

static int is_in_the_way(uint64_t start, uint64_t end) {
  for (unsigned i = 0; i < image->regions; i++)
    if (image->region[i].start < end && start < image->region[i].end)
      return 1;
  return (image->vdso < end && start < image->vdso + image->vdso_size) || (image->vvar < end && start < image->vvar + image->vvar_size);
}

static int contains(const char *line, const char *end, const char *word) {
  for (; line < end; line++) {
    const char *a = line, *b = word;
    while (*b && a < end && *a == *b)
      a++, b++;
    if (!*b)
      return 1;
  }
  return 0;
}

/* Whether all of them leave room. */
static int look_around(struct kernels *found) {
  static char maps[16384];
  size_t used = 0;
  long fd = ask(SYS_open, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), got;
  if (fd < 0)
    return 0;
  while (used < sizeof maps - 1 && (got = ask(SYS_read, fd, (long)maps + (long)used, (long)(sizeof maps - 1 - used))) > 0)
    used += (size_t)got;
  ask(SYS_close, fd, 0, 0);
  for (const char *line = maps; *line;) {
    const char *end = line, *p = line;
    while (*end && *end != '\n')
      end++;
    uint64_t from = hex(&p);
    p++;
    uint64_t to = hex(&p);
    if ((contains(line, end, "[vdso]") || contains(line, end, "[vvar")) && found->pieces < MOST_PIECES)
      found->piece[found->pieces++] = (struct piece){from, to};
    if (!contains(line, end, "[vsyscall]") && is_in_the_way(from, to))
      return 0;
    line = *end ? end + 1 : end;
  }
  return 1;
}

static void map_all(int checkpoint) {
  for (unsigned i = 0; i < image->regions; i++) {
    const struct checkpoint_region *region = &image->region[i];
    int fd = region->file == CHECKPOINT_SAVED ? checkpoint : region->file >= 0 ? files[region->file] : -1;
    int flags = (region->shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED_NOREPLACE | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
    uint64_t size = region->end - region->start;
    void *got = map(region->start, size, region->protection, flags, fd, region->offset);
    if (got != (void *)region->start)
      from_the_beginning("its memory is taken", "by this process");
    if (region->huge && fd < 0)
      ask(SYS_madvise, (long)region->start, (long)size, MADV_HUGEPAGE);
  }
}

static long dead_socket(void) {
  int ends[2];
  if (checkpoint_ask(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, (long)ends, 0, 0))
    return -1;
  ask(SYS_close, ends[1], 0, 0);
  return ends[0];
}

static void open_descriptors(void) {
  for (unsigned i = 0; i < image->descriptors; i++) {
    const struct checkpoint_descriptor *descriptor = &image->descriptor[i];
    if (ask(SYS_fcntl, descriptor->number, F_GETFD, 0) >= 0)
      from_the_beginning("a descriptor of it is taken", descriptor->path);
    long fd = *descriptor->path ? ask(SYS_open, (long)descriptor->path, descriptor->flags | O_CLOEXEC, 0) : dead_socket();
    if (fd < 0)
      from_the_beginning("cannot be opened", descriptor->path);
    if (fd != descriptor->number) {
      ask(SYS_dup3, fd, descriptor->number, descriptor->flags & O_CLOEXEC);
      ask(SYS_close, fd, 0, 0);
    }
    ask(SYS_lseek, descriptor->number, (long)descriptor->offset, SEEK_SET);
  }
}

/* The vdso is found by libc's own pointers, and what it reads by its distance: all of it goes where it was. */
static void move(const struct kernels *from) {
  uint64_t low = image->vvar && image->vvar < image->vdso ? image->vvar : image->vdso, offset;
  if (!from->pieces || from->piece[from->pieces - 1].end - from->piece[0].start != image->vdso + image->vdso_size - low)
    from_the_beginning("is not as it was", "vdso");
  offset = low - from->piece[0].start;
  for (int i = 0; offset && i < from->pieces; i++) {
    long start = (long)from->piece[i].start, size = (long)(from->piece[i].end - from->piece[i].start), to = start + (long)offset;
    if (checkpoint_ask(SYS_mremap, start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to, 0) != to)
      from_the_beginning("cannot be moved", "vdso");
  }
}

/* As every JVM does at its start. */
static void raise_descriptors(void) {
  struct rlimit limit;
  if (!ask(SYS_getrlimit, RLIMIT_NOFILE, (long)&limit, 0)) {
    limit.rlim_cur = limit.rlim_max;
    ask(SYS_setrlimit, RLIMIT_NOFILE, (long)&limit, 0);
  }
}

/* As every JVM does too: what asks a process to end is ignored where it was ignored before, as by nohup. */
static void take_signals(void) {
  for (int number = 1; number <= CHECKPOINT_SIGNALS; number++) {
    struct checkpoint_action before = {0};
    checkpoint_ask(SYS_rt_sigaction, number, 0, (long)&before, sizeof before.mask, 0, 0);
    if (before.handler != (uint64_t)SIG_IGN || (number != SIGHUP && number != SIGINT && number != SIGTERM))
      checkpoint_ask(SYS_rt_sigaction, number, (long)&image->actions[number - 1], 0, sizeof before.mask, 0, 0);
  }
}

/* Kept in argv[0] of the next attempt, which nobody else looks at. */
static const char *const attempt_names[ATTEMPTS] = {"restore", "restore 2", "restore 3", "restore 4"};

static int attempt_of(const char *name) {
  size_t size = 0;
  while (name[size])
    size++;
  char last = size > 2 && name[size - 2] == ' ' ? name[size - 1] : '1';
  return last >= '2' && last <= '4' ? last - '1' : 0;
}

_Noreturn __attribute__((used)) void begin(long *stack) {
  long count = stack[0];
  char **words = (char **)(stack + 1);
  static const uint64_t every_signal = ~0ull;
  struct checkpoint_thread *leader = NULL;
  struct kernels kernels = {.pieces = 0};
  environment = words + count + 1;
  if (count < 4) {
    say("viv: wrong usage: restore CHECKPOINT JAR COMMAND [WORD...]; it is started by viv run\n");
    ask(SYS_exit_group, 2, 0, 0);
  }
  command = words + 3;
  const char *wish = checkpoint_variable(environment, "VIVARIUM_CHECKPOINT");
  talkative = wish && same(wish, "now", 4);

  own_path = words[1];
  int checkpoint = open_checkpoint(own_path);
  checkpoint_identity(identity, environment, words[2]);
  if (!same(identity, image->identity, sizeof identity))
    from_the_beginning("is of other surroundings", own_path);
  open_files();
  if (!look_around(&kernels)) {
    int attempt = attempt_of(words[0]);
    if (attempt + 1 < ATTEMPTS) {
      words[0] = (char *)attempt_names[attempt + 1];
      ask(SYS_execve, (long)"/proc/self/exe", (long)words, (long)environment);
    }
    from_the_beginning("its memory is taken", "each time");
  }
  for (unsigned i = 0; i < image->threads; i++)
    if (image->thread[i].leader)
      leader = &image->thread[i];
  if (!leader)
    from_the_beginning("is broken", own_path);

  uint64_t mask;
  checkpoint_ask(SYS_rt_sigprocmask, SIG_SETMASK, (long)&every_signal, (long)&mask, 8, 0, 0);
  map_all(checkpoint);
  open_descriptors();
  for (unsigned i = 0; i < image->files; i++)
    ask(SYS_close, files[i], 0, 0);
  ask(SYS_close, checkpoint, 0, 0);
  move(&kernels);
  raise_descriptors();
  take_signals();
  ((struct checkpoint_told *)image->told)->environment = (uint64_t)environment;

  *(int32_t *)leader->tid = (int32_t)ask(SYS_getpid, 0, 0, 0);
  ask(SYS_set_tid_address, (long)leader->tid, 0, 0);
  for (unsigned i = 0; i < image->threads; i++) {
    struct checkpoint_thread *thread = &image->thread[i];
    if (thread != leader && start(thread,
                                  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                      CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
                                  (thread->at.rsp - 256) & ~15ul) < 0) {
      say("viv: cannot start: no more threads\n");
      ask(SYS_exit_group, FAILED, 0, 0);
    }
  }
  ask(SYS_arch_prctl, ARCH_SET_FS, (long)leader->fs, 0);
  resume(leader);
}

__asm__(".text\n.globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call begin\n");
