/* The vDSO: it is there, has what the C library and Go look for, and its clocks agree with the system calls. */
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "show.h"

static const ElfW(Sym) * symbols;
static const char *strings;
static const ElfW(Half) * versions;
static const ElfW(Verdef) * definitions;
static ElfW(Word) count;
static uintptr_t bias;

static void parse(uintptr_t base) {
  const ElfW(Ehdr) *elf = (void *)base;
  const ElfW(Phdr) *p = (void *)(base + elf->e_phoff);
  const ElfW(Dyn) *d = NULL;
  for (int i = 0; i < elf->e_phnum; i++) {
    if (p[i].p_type == PT_LOAD) bias = base + p[i].p_offset - p[i].p_vaddr;
    if (p[i].p_type == PT_DYNAMIC) d = (void *)(base + p[i].p_offset);
  }
  for (; d != NULL && d->d_tag != DT_NULL; d++) {
    void *at = (void *)(bias + d->d_un.d_ptr);
    if (d->d_tag == DT_SYMTAB) symbols = at;
    if (d->d_tag == DT_STRTAB) strings = at;
    if (d->d_tag == DT_VERSYM) versions = at;
    if (d->d_tag == DT_VERDEF) definitions = at;
    if (d->d_tag == DT_HASH) count = ((ElfW(Word) *)at)[1];
  }
}

static const char *version_name(int index) {
  for (const ElfW(Verdef) *v = definitions;; v = (const void *)((const char *)v + v->vd_next)) {
    if ((v->vd_ndx & 0x7fff) == index) {
      const ElfW(Verdaux) *aux = (const void *)((const char *)v + v->vd_aux);
      return strings + aux->vda_name;
    }
    if (v->vd_next == 0) return "";
  }
}

static void *find(const char *name) {
  for (ElfW(Word) i = 0; i < count; i++)
    if (symbols[i].st_shndx != SHN_UNDEF && strcmp(strings + symbols[i].st_name, name) == 0 &&
        strcmp(version_name(versions[i] & 0x7fff), "LINUX_2.6") == 0)
      return (void *)(bias + symbols[i].st_value);
  return NULL;
}

static int (*clock_gettime_)(clockid_t, struct timespec *);

static int64_t by_vdso(clockid_t clock) {
  struct timespec t;
  return clock_gettime_(clock, &t) != 0 ? -1 : t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t by_call(clockid_t clock) {
  struct timespec t;
  return syscall(SYS_clock_gettime, clock, &t) != 0 ? -1 : t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* What one thread has seen no thread may go behind, whichever way it asks. */
static _Atomic int64_t latest;
static _Atomic long went_back;

static void *watch(void *arg) {
  long rounds = (long)arg;
  for (long i = 0; i < rounds; i++) {
    int64_t before = latest;
    int64_t now = i % 16 == 0 ? by_call(CLOCK_MONOTONIC) : by_vdso(CLOCK_MONOTONIC);
    if (now < before) went_back++;
    while (before < now && !atomic_compare_exchange_weak(&latest, &before, now)) {
    }
  }
  return NULL;
}

int main(void) {
  uintptr_t base = getauxval(AT_SYSINFO_EHDR);
  HOLDS(base != 0);
  HOLDS(memcmp((void *)base, ELFMAG, SELFMAG) == 0);
  parse(base);
  const char *names[] = {"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time",
                         "__vdso_clock_getres", "__vdso_getcpu"};
  for (int i = 0; i < 5; i++) printf("%s %s\n", names[i], find(names[i]) ? "found" : "missing");
  clock_gettime_ = find("__vdso_clock_gettime");
  int (*gettimeofday_)(struct timeval *, void *) = find("__vdso_gettimeofday");
  time_t (*time_)(time_t *) = find("__vdso_time");
  int (*clock_getres_)(clockid_t, struct timespec *) = find("__vdso_clock_getres");
  int (*getcpu_)(unsigned *, unsigned *, void *) = find("__vdso_getcpu");

  const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_MONOTONIC_RAW};
  for (int i = 0; i < 5; i++) {
    int64_t a = by_call(clocks[i]), b = by_vdso(clocks[i]), c = by_call(clocks[i]);
    printf("clock %d between two calls: %d\n", (int)clocks[i], a <= b && b <= c);
  }
  struct timespec t;
  struct timeval tv;
  time_t now;
  unsigned cpu = 77;
  SHOW(clock_gettime_(77, &t));
  HOLDS(clock_gettime_(CLOCK_THREAD_CPUTIME_ID, &t) == 0 && t.tv_sec < 1000);
  HOLDS(clock_getres_(CLOCK_MONOTONIC, &t) == 0 && t.tv_sec == 0 && t.tv_nsec == 1);
  int64_t a = by_call(CLOCK_REALTIME) / 1000;
  SHOW(gettimeofday_(&tv, NULL));
  int64_t b = by_call(CLOCK_REALTIME) / 1000;
  int64_t micros = tv.tv_sec * 1000000LL + tv.tv_usec;
  HOLDS(a <= micros && micros <= b && tv.tv_usec < 1000000);
  HOLDS(llabs(time_(&now) - tv.tv_sec) <= 1 && llabs(now - tv.tv_sec) <= 1);
  HOLDS(llabs(time_(NULL) - tv.tv_sec) <= 1);
  HOLDS(getcpu_(&cpu, NULL, NULL) == 0 && cpu < 4096);

  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, watch, (void *)20000);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  printf("went back %ld times\n", (long)went_back);
  pid_t child = fork();
  if (child == 0) {
    int64_t in_child = by_vdso(CLOCK_MONOTONIC);
    _exit(in_child >= latest ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("in a child: %d\n", status);
  return 0;
}
