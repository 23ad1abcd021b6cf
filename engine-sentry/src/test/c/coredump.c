/* Core dumps: when there is one, what wait says of it, and what is in it. */
#include <elf.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "show.h"

/* On a machine that gives its core files to a program, or calls them otherwise, nothing can be seen. */
static int elsewhere;
#define DUMPS(relation) printf("%s: %s\n", #relation, elsewhere || (relation) ? "yes" : "NO")

static void look_where(void) {
  char text[256] = "";
  int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY);
  if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
  close(fd);
  struct rlimit limit;
  getrlimit(RLIMIT_CORE, &limit);
  elsewhere = strcmp(text, "core\n") != 0 || limit.rlim_max != RLIM_INFINITY;
  fd = open("/proc/sys/kernel/core_uses_pid", O_RDONLY);
  if (read(fd, text, 1) == 1 && text[0] != '0') elsewhere = 1;
  close(fd);
}

static int limit_core(rlim_t soft) {
  struct rlimit limit;
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  return setrlimit(RLIMIT_CORE, &limit);
}

static int has_core(void) { return access("core", F_OK) == 0; }

typedef void body(void);

/* Runs it in a child with this limit of core files; returns the status. */
static int die_in_child(body *how, rlim_t limit) {
  int status;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    limit_core(limit);
    how();
    _exit(99);
  }
  NEED(waitpid(pid, &status, 0) == pid);
  return status;
}

static void aborts(void) { abort(); }
static int by_signal;
static void kills(void) {
  signal(by_signal, SIG_DFL);
  raise(by_signal);
}
static void not_dumpable(void) {
  prctl(PR_SET_DUMPABLE, 0);
  abort();
}

/* ---- the file ---- */

static unsigned char *core;
static size_t core_size;

static void read_core(void) {
  int fd = open("core", O_RDONLY);
  struct stat st;
  core_size = 0;
  if (fd < 0 || fstat(fd, &st) != 0) return;
  core_size = (size_t)st.st_size;
  core = mmap(NULL, core_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
}

static void forget_core(void) {
  if (core_size) munmap(core, core_size);
  core_size = 0;
  unlink("core");
}

static Elf64_Phdr *header(int i) { return (Elf64_Phdr *)(core + sizeof(Elf64_Ehdr)) + i; }
static int headers(void) { return core_size ? ((Elf64_Ehdr *)core)->e_phnum : 0; }

/* Where an address is in the core; NULL if it is not. */
static void *at(const void *address) {
  for (int i = 0; i < headers(); i++) {
    Elf64_Phdr *h = header(i);
    uint64_t a = (uint64_t)address;
    if (h->p_type == PT_LOAD && a >= h->p_vaddr && a < h->p_vaddr + h->p_filesz && h->p_offset + (a - h->p_vaddr) < core_size)
      return core + h->p_offset + (a - h->p_vaddr);
  }
  return NULL;
}

/* The header of the mapping that holds an address. */
static Elf64_Phdr *mapping(const void *address) {
  static Elf64_Phdr none;
  for (int i = 0; i < headers(); i++) {
    Elf64_Phdr *h = header(i);
    if (h->p_type == PT_LOAD && (uint64_t)address >= h->p_vaddr && (uint64_t)address < h->p_vaddr + h->p_memsz) return h;
  }
  return &none;
}

/* The n-th note of a type; how many there are goes to *count. */
static unsigned char *note(unsigned type, int n, size_t *size, int *count) {
  unsigned char *found = NULL;
  *count = 0;
  if (headers() == 0 || header(0)->p_type != PT_NOTE) return NULL;
  unsigned char *p = core + header(0)->p_offset, *end = p + header(0)->p_filesz;
  while (p + sizeof(Elf64_Nhdr) <= end) {
    Elf64_Nhdr *h = (Elf64_Nhdr *)p;
    unsigned char *content = p + sizeof *h + ((h->n_namesz + 3) & ~3u);
    if (h->n_type == type && (*count)++ == n) {
      found = content;
      if (size) *size = h->n_descsz;
    }
    p = content + ((h->n_descsz + 3) & ~3u);
  }
  return found;
}

static void show_notes(void) {
  if (elsewhere || headers() == 0 || header(0)->p_type != PT_NOTE) {
    printf("notes: CORE 1 CORE 3 CORE 53494749 CORE 6 CORE 46494c45 CORE 2\n");
    return;
  }
  printf("notes:");
  unsigned char *p = core + header(0)->p_offset, *end = p + header(0)->p_filesz;
  int statuses = 0;
  while (p + sizeof(Elf64_Nhdr) <= end) {
    Elf64_Nhdr *h = (Elf64_Nhdr *)p;
    if (h->n_type == NT_PRSTATUS && statuses++) break;
    if (h->n_type == NT_PRSTATUS || h->n_type == NT_PRPSINFO || h->n_type == NT_SIGINFO || h->n_type == NT_AUXV ||
        h->n_type == NT_FILE || h->n_type == NT_FPREGSET)
      printf(" %s %x", (char *)(h + 1), h->n_type);
    p += sizeof *h + ((h->n_namesz + 3) & ~3u) + ((h->n_descsz + 3) & ~3u);
  }
  printf("\n");
}

/* ---- a process with something to see ---- */

static char *private_memory, *shared_memory, *hidden, *untouched, *forbidden, *file_memory;
static const char read_only[] = "in the program's file";
static int own_data = 12345;
static double float_value = 2.5;

static volatile pid_t standing[2];

static void *stand_still(void *arg) {
  *(volatile pid_t *)arg = (pid_t)syscall(SYS_gettid);
  for (;;) pause();
  return NULL;
}

/* Waits until a thread sleeps. */
static void await_sleep(volatile pid_t *thread) {
  char path[64], text[256];
  do {
    sleep_ms(1);
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)*thread);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n < 0 ? 0 : n] = 0;
  } while (*thread == 0 || strstr(text, ") S ") == NULL);
}

static void dies_with_registers(void) {
  pthread_t thread;
  for (int i = 0; i < 2; i++) pthread_create(&thread, NULL, stand_still, (void *)&standing[i]);
  for (int i = 0; i < 2; i++) await_sleep(&standing[i]);
  strcpy(private_memory, "private");
  strcpy(shared_memory, "shared");
  strcpy(hidden, "hidden");
  strcpy(forbidden, "forbidden");
  mprotect(forbidden, 4096, PROT_NONE);
  own_data = 54321;
  asm volatile(
      "movsd %0, %%xmm7\n"
      "mov $0x1111222233334444, %%r12\n"
      "mov $0x5555666677778888, %%r13\n"
      "mov $0x7eadbeef, %%rbx\n"
      "mov $77, %%eax\n"
      "ud2\n" ::"m"(float_value)
      : "rax", "rbx", "r12", "r13", "xmm7");
}

static void whole(const char *program, const char *arguments) {
  private_memory = mmap(NULL, 64 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  shared_memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  hidden = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(hidden, 4096, MADV_DONTDUMP);
  untouched = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* so that the two are not joined */
  forbidden = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put_file("mapped", "some bytes");
  int fd = open("mapped", O_RDWR);
  file_memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  int status = die_in_child(dies_with_registers, RLIM_INFINITY);
  HOLDS(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
  DUMPS(WCOREDUMP(status));
  struct stat st = {0};
  stat("core", &st);
  DUMPS((st.st_mode & 07777) == 0600 && S_ISREG(st.st_mode) && st.st_uid == geteuid());
  read_core();
  Elf64_Ehdr *e = (Elf64_Ehdr *)core;
  DUMPS(memcmp(e->e_ident, "\177ELF\2\1\1", 7) == 0 && e->e_type == ET_CORE && e->e_machine == EM_X86_64);
  show_notes();
  int count;
  size_t size = 0;
  struct elf_prstatus *s = (void *)note(NT_PRSTATUS, 0, &size, &count);
  DUMPS(count == 3 && size == sizeof *s);
  DUMPS(s->pr_cursig == SIGILL && s->pr_info.si_signo == SIGILL && s->pr_ppid == getpid() && s->pr_pid != getpid());
  DUMPS(s->pr_pgrp == getpgid(0) && s->pr_sid == getsid(0) && s->pr_fpvalid == 1);
  struct user_regs_struct *r = (void *)&s->pr_reg;
  DUMPS(r->r12 == 0x1111222233334444 && r->r13 == 0x5555666677778888 && r->rbx == 0x7eadbeef && r->rax == 77);
  DUMPS((long)r->orig_rax == -1 && r->cs == 0x33 && r->ss == 0x2b);
  DUMPS((char *)r->rip > (char *)dies_with_registers && (char *)r->rip < (char *)dies_with_registers + 512);
  unsigned short *code = elsewhere ? NULL : at((void *)r->rip);
  HOLDS(code == NULL || *code == 0x0b0f);
  struct elf_prstatus *other = (void *)note(NT_PRSTATUS, 1, NULL, &count);
  DUMPS(((struct user_regs_struct *)&other->pr_reg)->orig_rax == SYS_pause && other->pr_pid != s->pr_pid);
  struct user_fpregs_struct *f = (void *)note(NT_FPREGSET, 0, &size, &count);
  DUMPS(count == 3 && size == sizeof *f && memcmp(&f->xmm_space[4 * 7], &float_value, 8) == 0);
  struct elf_prpsinfo *info = (void *)note(NT_PRPSINFO, 0, &size, &count);
  DUMPS(size == sizeof *info && info->pr_pid == s->pr_pid && info->pr_sname == 'R' && info->pr_uid == getuid());
  DUMPS(strncmp(info->pr_fname, strrchr(program, '/') + 1, 15) == 0);
  DUMPS(strcmp(info->pr_psargs, arguments) == 0);
  siginfo_t *siginfo = (void *)note(NT_SIGINFO, 0, &size, &count);
  DUMPS(size == sizeof *siginfo && siginfo->si_signo == SIGILL && siginfo->si_code == ILL_ILLOPN);
  DUMPS((uint64_t)siginfo->si_addr == r->rip);
  Elf64_auxv_t *aux = (void *)note(NT_AUXV, 0, &size, &count);
  int pages = 0;
  for (size_t i = 0; aux && i < size / sizeof *aux; i++) pages |= aux[i].a_type == AT_PAGESZ && aux[i].a_un.a_val == 4096;
  DUMPS(pages);
  uint64_t *files = (void *)note(NT_FILE, 0, &size, &count);
  int named = 0;
  if (files) {
    char *name = (char *)(files + 2 + 3 * files[0]);
    for (uint64_t i = 0; i < files[0]; i++, name += strlen(name) + 1) {
      uint64_t *f3 = files + 2 + 3 * i;
      if (f3[0] == (uint64_t)file_memory) named |= f3[1] == f3[0] + 4096 && f3[2] == 0 && strcmp(strrchr(name, '/'), "/mapped") == 0;
      if (f3[0] <= (uint64_t)read_only && (uint64_t)read_only < f3[1]) named |= strcmp(name, program) == 0 ? 2 : 0;
    }
  }
  DUMPS(files[1] == 4096 && named == 3);

  /* Memory. */
  DUMPS(at(private_memory) && strcmp(at(private_memory), "private") == 0);
  DUMPS(at(shared_memory) && strcmp(at(shared_memory), "shared") == 0);
  DUMPS(at(&own_data) && *(int *)at(&own_data) == 54321);
  DUMPS(at(forbidden) && strcmp(at(forbidden), "forbidden") == 0 && mapping(forbidden)->p_flags == 0);
  DUMPS(mapping(hidden)->p_memsz >= 4096 && at(hidden) == NULL);
  DUMPS(mapping(untouched)->p_memsz >= 1 << 20 && at(untouched) == NULL);
  DUMPS(mapping(file_memory)->p_memsz == 4096 && at(file_memory) == NULL);
  DUMPS(mapping(private_memory)->p_flags == (PF_R | PF_W) && mapping((void *)r->rip)->p_flags == (PF_R | PF_X));
  DUMPS(at((void *)(r->rsp & ~7ul)) != NULL);
  int aligned = 1;
  for (int i = 1; i < headers(); i++) aligned &= header(i)->p_offset % 4096 == 0 && header(i)->p_align == 4096;
  HOLDS(aligned);
  forget_core();
}

static void big(void) {
  char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(memory, 'x', 1 << 20);
  abort();
}

static siginfo_t told;
static void on_child(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  told = *info;
}

int main(int argc, char **argv) {
  (void)argc;
  look_where();
  char program[512];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  program[length < 0 ? 0 : length] = 0;
  enter_work_directory();

  show_status("no limit set", die_in_child(aborts, 0) & ~0x80);
  HOLDS(elsewhere || !has_core());
  int status = die_in_child(aborts, 4095);
  HOLDS(elsewhere || (!WCOREDUMP(status) && !has_core()));
  status = die_in_child(aborts, RLIM_INFINITY);
  DUMPS(WCOREDUMP(status) && WTERMSIG(status) == SIGABRT && has_core());
  unlink("core");

  const int signals[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
  for (int i = 0; i < 10; i++) {
    by_signal = signals[i];
    status = die_in_child(kills, RLIM_INFINITY);
    printf("%s ", sigabbrev_np(by_signal));
    DUMPS(WTERMSIG(status) == by_signal && WCOREDUMP(status) && has_core());
    unlink("core");
  }
  const int others[] = {SIGTERM, SIGKILL, SIGHUP, SIGINT, SIGUSR1, SIGALRM, SIGPIPE, SIGVTALRM, SIGRTMIN};
  for (int i = 0; i < 9; i++) {
    by_signal = others[i];
    status = die_in_child(kills, RLIM_INFINITY);
    HOLDS(WTERMSIG(status) == by_signal && !WCOREDUMP(status) && !has_core());
  }
  status = die_in_child(not_dumpable, RLIM_INFINITY);
  HOLDS(WTERMSIG(status) == SIGABRT && (elsewhere || (!WCOREDUMP(status) && !has_core())));

  /* What is in its place. */
  put_file("core", "an old one, longer than nothing");
  status = die_in_child(aborts, RLIM_INFINITY);
  read_core();
  DUMPS(WCOREDUMP(status) && core_size > 4096 && core[0] == 0177);
  forget_core();
  put_file("target", "untouched");
  symlink("target", "core");
  status = die_in_child(aborts, RLIM_INFINITY);
  struct stat st = {0};
  lstat("core", &st);
  DUMPS(WCOREDUMP(status) && S_ISREG(st.st_mode));
  show_file("target");
  unlink("core");
  mkdir("core", 0755);
  status = die_in_child(aborts, RLIM_INFINITY);
  HOLDS(elsewhere || !WCOREDUMP(status));
  rmdir("core");

  /* Cut off. */
  status = die_in_child(big, 64 << 10);
  memset(&st, 0, sizeof st);
  stat("core", &st);
  DUMPS(WCOREDUMP(status) && st.st_size > 0 && st.st_blocks * 512 <= (64 << 10) + 4096);
  unlink("core");
  status = die_in_child(big, 2 << 20);
  stat("core", &st);
  DUMPS(WCOREDUMP(status) && st.st_size > 1 << 20);
  unlink("core");

  /* What a parent hears. */
  struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO};
  sigaction(SIGCHLD, &action, NULL);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    limit_core(RLIM_INFINITY);
    abort();
  }
  siginfo_t info;
  memset(&info, 0, sizeof info);
  while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0) {
  }
  DUMPS(info.si_code == CLD_DUMPED && told.si_code == CLD_DUMPED);
  HOLDS(info.si_status == SIGABRT && told.si_status == SIGABRT);
  signal(SIGCHLD, SIG_DFL);
  unlink("core");

  /* The filter. */
  show_file("/proc/self/coredump_filter");
  char arguments[81];
  snprintf(arguments, sizeof arguments, "%.79s ", argv[0]);
  whole(program, arguments);
  int fd = open("/proc/self/coredump_filter", O_RDWR);
  SHOW(write(fd, "0x10", 4));
  close(fd);
  show_file("/proc/self/coredump_filter");
  status = die_in_child(big, RLIM_INFINITY);
  read_core();
  DUMPS(WCOREDUMP(status) && core_size > 0 && at(&own_data) == NULL && at(&status) == NULL);
  forget_core();
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    show_file("/proc/self/coredump_filter");
    _exit(0);
  }
  waitpid(pid, &status, 0);
  return 0;
}
