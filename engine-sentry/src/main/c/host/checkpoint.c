/*
 * Writes this very process into a file, to go on from it later (common/checkpoint.h, restore/restore.c). Each other thread is stopped by
 * a signal, and waits in its handler: what the kernel knows of it lies on its stack then, and comes back when the handler returns. So
 * that nothing is lost that only the kernel knows, there must be no socket, no pipe and no child; memory that is shared is left out.
 *
 * Once threads are stopped nothing of libc that takes a lock may be called, since a stopped thread may have it.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../common/checkpoint.h"

enum {
  STOP = 64, /* SIGRTMAX, which neither libc nor the JVM uses */
  GET_TID_ADDRESS = 40,
  PATIENCE = 2000, /* milliseconds */
  GAP = 8,         /* pages: two regions cost more than so many empty ones */
  TEXT = 4 << 20,
  PAGES = 1 << 18,
};

static const uint64_t PRESENT = 1ull << 63, SWAPPED = 1ull << 62, OF_FILE = 1ull << 61;

extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));
extern char **environ;

static struct checkpoint_told told;
static struct checkpoint *image;
static char *text;      /* of /proc/self/smaps */
static uint64_t *pages; /* of /proc/self/pagemap */
static uint64_t end_of_data;
static int arrived, stopped, pagemap;
static char part[CHECKPOINT_PATH]; /* where it is until it is whole */

struct vma {
  uint64_t start, end, offset, inode;
  int protection, shared, huge, skipped;
  char *name;
};

/* Returns 0, and 1 when the process that is restored goes on from here. */
int checkpoint_save(struct checkpoint_context *context) __attribute__((returns_twice));
__asm__(".text\n"
        ".type checkpoint_save, @function\n"
        "checkpoint_save:\n"
        "  mov %rbx, 0(%rdi)\n"
        "  mov %rbp, 8(%rdi)\n"
        "  mov %r12, 16(%rdi)\n"
        "  mov %r13, 24(%rdi)\n"
        "  mov %r14, 32(%rdi)\n"
        "  mov %r15, 40(%rdi)\n"
        "  lea 8(%rsp), %rdx\n"
        "  mov %rdx, 48(%rdi)\n"
        "  mov (%rsp), %rdx\n"
        "  mov %rdx, 56(%rdi)\n"
        "  xor %eax, %eax\n"
        "  ret\n");

/* For whoever makes one by hand; the process is of no use any more. */
static _Noreturn void give_up(const char *why, const char *what) {
  const char *parts[] = {"viv: no checkpoint: ", why, ": ", what, "\n"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (write(2, parts[i], strlen(parts[i])) < 0)
      break;
  unlink(part);
  _exit(1);
}

/* What the kernel knows of the calling thread. */
static void describe(struct checkpoint_thread *thread) {
  uint64_t size;
  checkpoint_ask(SYS_arch_prctl, ARCH_GET_FS, (long)&thread->fs, 0, 0, 0, 0);
  checkpoint_ask(SYS_prctl, GET_TID_ADDRESS, (long)&thread->tid, 0, 0, 0, 0);
  checkpoint_ask(SYS_get_robust_list, 0, (long)&thread->robust, (long)&size, 0, 0, 0);
  checkpoint_ask(SYS_prctl, PR_GET_NAME, (long)thread->name, 0, 0, 0, 0);
  checkpoint_ask(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&thread->mask, 8, 0, 0);
  thread->rseq = &__rseq_size && __rseq_size ? thread->fs + (uint64_t)__rseq_offset : 0;
  thread->leader = checkpoint_ask(SYS_gettid, 0, 0, 0, 0, 0, 0) == checkpoint_ask(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static void stop_here(int number, siginfo_t *info, void *context) {
  (void)number, (void)info, (void)context;
  int before = errno, place = __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
  if (place < CHECKPOINT_THREADS - 1) {
    struct checkpoint_thread *thread = &image->thread[place];
    describe(thread);
    if (!checkpoint_save(&thread->at)) {
      __atomic_fetch_add(&stopped, 1, __ATOMIC_SEQ_CST);
      for (;;)
        checkpoint_ask(SYS_pause, 0, 0, 0, 0, 0, 0);
    }
  }
  errno = before;
}

static int number_of(const char *digits) {
  int value = 0;
  for (; *digits >= '0' && *digits <= '9'; digits++)
    value = value * 10 + (*digits - '0');
  return *digits ? -1 : value;
}

/* Stops every other thread; returns how many they are. */
static __attribute__((noinline)) int stop_others(void) {
  struct entry {
    uint64_t inode, offset;
    unsigned short size;
    unsigned char type;
    char name[];
  };
  struct sigaction action = {.sa_sigaction = stop_here, .sa_flags = SA_SIGINFO | SA_RESTART};
  struct timespec millisecond = {0, 1000000};
  int others = 0, me = gettid();
  sigfillset(&action.sa_mask);
  sigaction(STOP, &action, NULL);
  int tasks = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (long size; (size = checkpoint_ask(SYS_getdents64, tasks, (long)text, TEXT, 0, 0, 0)) > 0;)
    for (long at = 0; at < size;) {
      struct entry *entry = (struct entry *)(text + at);
      int tid = number_of(entry->name);
      at += entry->size;
      if (tid > 0 && tid != me && ++others < CHECKPOINT_THREADS)
        checkpoint_ask(SYS_tgkill, getpid(), tid, STOP, 0, 0, 0);
    }
  close(tasks);
  if (others >= CHECKPOINT_THREADS)
    give_up("too many threads", "close some");
  for (int i = 0; __atomic_load_n(&stopped, __ATOMIC_SEQ_CST) < others; i++) {
    if (i == PATIENCE)
      give_up("a thread does not stop", "it is in a host call");
    nanosleep(&millisecond, NULL);
  }
  return others;
}

static int is_dead_socket(int fd) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  char byte;
  return !getsockname(fd, (struct sockaddr *)&address, &size) && address.ss_family == AF_UNIX &&
         recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Which descriptors there are, other than the starter's. Of those of ours only files and devices can be opened again. */
static void list_descriptors(int checkpoint) {
  for (int fd = CHECKPOINT_FIRST_DESCRIPTOR; fd < 4 * CHECKPOINT_FIRST_DESCRIPTOR; fd++) {
    char link[32] = "/proc/self/fd/000";
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fd == pagemap || fd == checkpoint)
      continue;
    link[14] = (char)('0' + fd / 100), link[15] = (char)('0' + fd / 10 % 10), link[16] = (char)('0' + fd % 10);
    char *number = link + 14 + (fd < 100);
    memmove(link + 14, number, strlen(number) + 1);
    if (image->descriptors == CHECKPOINT_DESCRIPTORS)
      give_up("too many descriptors", link);
    struct checkpoint_descriptor *to = &image->descriptor[image->descriptors++];
    if (readlink(link, to->path, sizeof to->path - 1) < 0 || fstat(fd, &st) ||
        !(S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) || is_dead_socket(fd)))
      give_up("cannot be opened again", to->path);
    if (S_ISSOCK(st.st_mode))
      to->path[0] = 0;
    to->number = fd;
    to->flags = (flags & (O_ACCMODE | O_APPEND | O_NONBLOCK)) | (fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0);
    to->offset = (uint64_t)lseek(fd, 0, SEEK_CUR);
  }
}

static int is_empty(uint64_t page) {
  const uint64_t *words = (const uint64_t *)page;
  for (int i = 0; i < CHECKPOINT_PAGE / 8; i++)
    if (words[i])
      return 0;
  return 1;
}

static void add(const struct vma *vma, uint64_t start, uint64_t end, int file) {
  if (start == end)
    return;
  if (image->regions == CHECKPOINT_REGIONS)
    give_up("too many regions", "of memory");
  struct checkpoint_region *region = &image->region[image->regions++];
  *region = (struct checkpoint_region){start, end, file >= 0 ? vma->offset + (start - vma->start) : 0, file, (uint8_t)vma->protection,
                                       (uint8_t)vma->shared, (uint8_t)vma->huge, 0};
  if (file == CHECKPOINT_SAVED) {
    region->offset = end_of_data;
    end_of_data += end - start;
  }
}

static int file_of(const struct vma *vma) {
  struct stat st;
  for (unsigned i = 0; i < image->files; i++)
    if (!strcmp(image->file[i].path, vma->name))
      return (int)i;
  if (image->files == CHECKPOINT_FILES || strlen(vma->name) >= CHECKPOINT_PATH || stat(vma->name, &st) || st.st_ino != vma->inode)
    give_up("cannot be mapped again", vma->name);
  struct checkpoint_file *file = &image->file[image->files];
  *file = (struct checkpoint_file){st.st_dev, st.st_ino, (uint64_t)st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, ""};
  strcpy(file->path, vma->name);
  return (int)image->files++;
}

/* Whether a page has what its file has not, or what is more than nothing. */
static int is_own(uint64_t entry, uint64_t page, int file) {
  return entry & (PRESENT | SWAPPED) && (file >= 0 ? !(entry & OF_FILE) : !is_empty(page));
}

/* Saves those of its pages that are its own. */
static void add_own_pages(const struct vma *vma, int file) {
  uint64_t from = vma->start;
  size_t gap = file >= 0 ? 0 : GAP;
  for (uint64_t base = vma->start; base < vma->end; base += (uint64_t)PAGES * CHECKPOINT_PAGE) {
    size_t count = (vma->end - base) / CHECKPOINT_PAGE;
    if (count > PAGES)
      count = PAGES;
    if (pread(pagemap, pages, count * 8, (off_t)(base / CHECKPOINT_PAGE * 8)) != (ssize_t)(count * 8))
      give_up("cannot be read", "/proc/self/pagemap");
    for (size_t i = 0; i < count; i++) {
      if (!is_own(pages[i], base + i * CHECKPOINT_PAGE, file))
        continue;
      size_t last = i;
      for (size_t next = i + 1; next < count && next <= last + 1 + gap; next++)
        if (is_own(pages[next], base + next * CHECKPOINT_PAGE, file))
          last = next;
      add(vma, from, base + i * CHECKPOINT_PAGE, file);
      from = base + (last + 1) * CHECKPOINT_PAGE;
      add(vma, base + i * CHECKPOINT_PAGE, from, CHECKPOINT_SAVED);
      i = last;
    }
  }
  add(vma, from, vma->end, file);
}

static int ends_with(const char *text, const char *end) {
  size_t size = strlen(text), wanted = strlen(end);
  return size >= wanted && !strcmp(text + size - wanted, end);
}

static void add_vma(const struct vma *vma) {
  int of_file = vma->name[0] == '/';
  if (vma->skipped || !strcmp(vma->name, "[vsyscall]"))
    return;
  if (vma->start < CHECKPOINT_LOW_END)
    give_up("it has memory", "where the restoring program lies");
  if (!strcmp(vma->name, "[vdso]")) {
    image->vdso = vma->start;
    image->vdso_size = vma->end - vma->start;
  } else if (!strncmp(vma->name, "[vvar", 5)) {
    image->vvar = image->vvar ? image->vvar : vma->start;
    image->vvar_size = vma->end - image->vvar;
  } else if (vma->shared && (!of_file || vma->protection & PROT_WRITE || ends_with(vma->name, " (deleted)"))) {
    /* Of a sandbox that has ended: the JVM itself has nothing of the kind. */
  } else if (!of_file && !(vma->protection & PROT_READ))
    add(vma, vma->start, vma->end, CHECKPOINT_ANONYMOUS);
  else if (vma->shared || !(vma->protection & PROT_READ))
    add(vma, vma->start, vma->end, file_of(vma));
  else if (of_file && vma->protection & PROT_WRITE)
    add(vma, vma->start, vma->end, CHECKPOINT_SAVED);
  else
    add_own_pages(vma, of_file ? file_of(vma) : CHECKPOINT_ANONYMOUS);
}

static uint64_t hex(char **p) { return strtoull(*p, p, 16); }

/* A line like "7f00-7f10 rw-p 00000000 08:01 1234   /name"; 0 if it is none. */
static int parse(char *line, struct vma *vma) {
  char *p = line;
  *vma = (struct vma){0};
  vma->start = hex(&p);
  if (p == line || *p++ != '-')
    return 0;
  vma->end = hex(&p);
  if (*p++ != ' ')
    return 0;
  vma->protection = (p[0] == 'r' ? PROT_READ : 0) | (p[1] == 'w' ? PROT_WRITE : 0) | (p[2] == 'x' ? PROT_EXEC : 0);
  vma->shared = p[3] == 's';
  p += 5;
  vma->offset = hex(&p);
  p++;
  hex(&p), p++, hex(&p), p++;
  vma->inode = strtoull(p, &p, 10);
  while (*p == ' ')
    p++;
  vma->name = p;
  return 1;
}

/* All its memory, but for what this file needs to write it down. */
static void list_memory(uint64_t own, uint64_t own_end) {
  size_t used = 0;
  ssize_t got;
  int smaps = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
  while ((got = read(smaps, text + used, TEXT - 1 - used)) > 0)
    used += (size_t)got;
  close(smaps);
  if (got < 0 || used == TEXT - 1)
    give_up("cannot be read", "/proc/self/smaps");
  text[used] = 0;
  struct vma vma;
  int open_vma = 0;
  for (char *line = text, *next; line && *line; line = next) {
    struct vma found;
    next = strchr(line, '\n');
    if (next)
      *next++ = 0;
    if (parse(line, &found)) {
      vma = found;
      vma.skipped = vma.start >= own && vma.end <= own_end;
      open_vma = 1;
    } else if (open_vma && !strncmp(line, "VmFlags:", 8)) {
      vma.huge = strstr(line, " hg") != NULL;
      add_vma(&vma);
      open_vma = 0;
    }
  }
}

static void write_all(int fd, const void *from, size_t size, uint64_t at) {
  while (size) {
    ssize_t done = pwrite(fd, from, size, (off_t)at);
    if (done <= 0)
      give_up("cannot be written", strerrordesc_np(errno));
    from = (const char *)from + done;
    size -= (size_t)done;
    at += (uint64_t)done;
  }
}

/*
 * Writes the checkpoint; the process ends with 0 then, or with 1 and a word why. Returns in each process that is restored.
 *
 * path: of the file; jar: see checkpoint_identity
 */
__attribute__((visibility("default"))) int32_t Java_dev_vivarium_sentry_host_DirectCalls_checkpoint0(void *env, void *self, int64_t path,
                                                                                                    int64_t jar) {
  (void)env, (void)self;
  size_t header = (sizeof *image + CHECKPOINT_REGIONS * sizeof image->region[0] + CHECKPOINT_PAGE - 1) & ~(size_t)(CHECKPOINT_PAGE - 1);
  size_t size = header + TEXT + PAGES * 8;
  /* Shared, so that it is no part of another mapping. */
  char *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (own == MAP_FAILED || strlen((const char *)path) + sizeof ".part" > sizeof part)
    return -ENOMEM;
  strcpy(part, (const char *)path);
  strcat(part, ".part");
  image = (struct checkpoint *)own;
  text = own + header;
  pages = (uint64_t *)(text + TEXT);
  pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  unlink(part);
  int out = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (pagemap < 0 || out < 0)
    return -errno;
  for (int i = 0; i < CHECKPOINT_SIGNALS; i++)
    checkpoint_ask(SYS_rt_sigaction, i + 1, 0, (long)&image->actions[i], 8, 0, 0);
  arrived = stopped = 0;
  int others = stop_others();
  struct checkpoint_thread *me = &image->thread[others];
  describe(me);
  if (checkpoint_save(&me->at)) {
    environ = (char **)told.environment;
    /* The end of the heap by brk is not where libc believes it to be: what it gave back there it would not have any more. */
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    return 0;
  }
  image->threads = (uint32_t)others + 1;
  for (unsigned i = 0; i < image->threads; i++)
    if (!image->thread[i].tid)
      give_up("this kernel has no", "PR_GET_TID_ADDRESS");
  memcpy(image->magic, CHECKPOINT_MAGIC, sizeof CHECKPOINT_MAGIC);
  checkpoint_identity(image->identity, environ, (const char *)jar);
  image->told = (uint64_t)&told;
  list_descriptors(out);
  end_of_data = header;
  list_memory((uint64_t)own, (uint64_t)own + size);
  for (unsigned i = 0; i < image->regions; i++) {
    const struct checkpoint_region *region = &image->region[i];
    if (region->file == CHECKPOINT_SAVED)
      write_all(out, (const void *)region->start, region->end - region->start, region->offset);
  }
  image->size = end_of_data;
  write_all(out, image, header, 0);
  if (rename(part, (const char *)path))
    give_up("cannot be written", (const char *)path);
  _exit(0);
}
