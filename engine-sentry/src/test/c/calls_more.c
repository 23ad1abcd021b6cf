/* needs: Linux 6.12
   Threads as parents, pidfds of threads, timers on processor time, advice to other processes, and
   old calls that are still there. */
#include <pthread.h>
#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <poll.h>

#include "show.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static pid_t child;
static volatile sig_atomic_t got, got_code;
static volatile pid_t thread_id;
static int fds[2];

static void *forks(void *nothing) {
  child = fork();
  if (child == 0) _exit(7);
  return nothing;
}

static void *forks_and_waits(void *nothing) {
  int status;
  pid_t pid = fork();
  if (pid == 0) _exit(5);
  HOLDS(waitpid(-1, &status, __WNOTHREAD) == pid);
  show_status("its own", status);
  SHOW(waitpid(-1, &status, __WNOTHREAD));
  return nothing;
}

static void waits(void) {
  pthread_t t;
  int status;
  pthread_create(&t, NULL, forks_and_waits, NULL);
  pthread_join(t, NULL);
  pid_t own = fork();
  if (own == 0) {
    sleep_ms(30000);
    _exit(1);
  }
  char c;
  pipe(fds);
  pthread_create(&t, NULL, forks, NULL);
  pthread_join(t, NULL);
  /* The thread is gone: its child is another thread's of the process now. */
  HOLDS(waitpid(child, &status, 0) == child);
  show_status("the thread's", status);
  kill(own, SIGKILL);
  HOLDS(waitpid(own, &status, __WNOTHREAD) == own);
  (void)c;
}

static void handler(int signo, siginfo_t *info, void *context) {
  (void)context;
  got = signo;
  got_code = info->si_code;
  (void)thread_id;
}

static void *stands(void *nothing) {
  char c;
  thread_id = gettid();
  read(fds[0], &c, 1);
  return nothing;
}

static int send(int fd, int signo, siginfo_t *info, unsigned flags) {
  return syscall(SYS_pidfd_send_signal, fd, signo, info, flags);
}

static void thread_pidfds(void) {
  pthread_t t;
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);
  pthread_create(&t, NULL, stands, NULL);
  while (!thread_id) sleep_ms(1);
  SHOW(syscall(SYS_pidfd_open, thread_id, 1));
  SHOW(syscall(SYS_pidfd_open, -1, PIDFD_THREAD));
  SHOW(syscall(SYS_pidfd_open, 0x3fffffff, PIDFD_THREAD));
  int fd = SHOW_OK(syscall(SYS_pidfd_open, thread_id, PIDFD_THREAD));
  struct pollfd p = {fd, POLLIN, 0};
  SHOW(poll(&p, 1, 0));
  SHOW(send(fd, 0, NULL, 0));
  SHOW(send(fd, 0, NULL, 3));
  SHOW(send(fd, 0, NULL, 8));
  SHOW(send(fd, SIGUSR1, NULL, 0));
  sleep_ms(20);
  HOLDS(got == SIGUSR1 && got_code == SI_TKILL);
  got = 0;
  SHOW(send(fd, SIGUSR1, NULL, 2)); /* the number is no process's */
  int leader = syscall(SYS_pidfd_open, getpid(), PIDFD_THREAD);
  SHOW(send(leader, SIGUSR1, NULL, 2));
  while (!got) sleep_ms(1);
  HOLDS(got_code == SI_USER);
  siginfo_t info = {.si_signo = SIGUSR2, .si_code = SI_QUEUE};
  SHOW(send(fd, SIGUSR1, &info, 0));
  SHOW(send(fd, SIGUSR1, (void *)8, 0));
  write(fds[1], "x", 1);
  pthread_join(t, NULL);
  SHOW(poll(&p, 1, 10000));
  printf("events %x\n", p.revents);
  close(fd);
}

static void burn(int64_t ms) {
  int64_t until = nanos(CLOCK_PROCESS_CPUTIME_ID) + ms * 1000000;
  while (nanos(CLOCK_PROCESS_CPUTIME_ID) < until) {
  }
}

static void *burns(void *nothing) {
  while (!got) burn(5);
  return nothing;
}

static void timers(void) {
  struct itimerval it = {{0, 0}, {0, 50000}}, left;
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGVTALRM, &sa, NULL);
  sigaction(SIGPROF, &sa, NULL);
  sigaction(SIGALRM, &sa, NULL);
  got = 0;
  SHOW(setitimer(ITIMER_PROF, &it, NULL));
  sleep_ms(120);
  HOLDS(got == 0); /* sleeping uses no processor time */
  getitimer(ITIMER_PROF, &left);
  HOLDS(left.it_value.tv_usec > 0 && left.it_value.tv_usec <= 60000);
  while (!got) burn(5);
  HOLDS(got == SIGPROF);
  got = 0;
  SHOW(setitimer(ITIMER_VIRTUAL, &it, NULL));
  while (!got) burn(5);
  HOLDS(got == SIGVTALRM);
  SHOW(getitimer(ITIMER_VIRTUAL, &left));
  HOLDS(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0);
  timer_t t;
  clockid_t own;
  SHOW(clock_getcpuclockid(0, &own));
  struct itimerspec spec = {{0, 0}, {0, 30000000}}, rest;
  SHOW(timer_create(CLOCK_PROCESS_CPUTIME_ID, NULL, &t));
  SHOW(timer_settime(t, 0, &spec, NULL));
  got = 0;
  sleep_ms(60);
  HOLDS(got == 0);
  SHOW(timer_gettime(t, &rest));
  HOLDS(rest.it_value.tv_nsec > 0);
  while (!got) burn(5);
  HOLDS(got == SIGALRM && got_code == SI_TIMER);
  SHOW(timer_delete(t));
  SHOW(timer_create(own, NULL, &t));
  SHOW(timer_delete(t));
  SHOW(timer_create(CLOCK_THREAD_CPUTIME_ID, NULL, &t));
  SHOW(timer_delete(t));
  SHOW(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &spec.it_value, NULL));
  pthread_t other;
  got = 0;
  pthread_create(&other, NULL, burns, NULL);
  int64_t before = nanos(CLOCK_PROCESS_CPUTIME_ID);
  SHOW(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &spec.it_value, NULL));
  HOLDS(nanos(CLOCK_PROCESS_CPUTIME_ID) - before >= 30000000);
  got = 1;
  pthread_join(other, NULL);
}

static int compare(pid_t a, pid_t b, int type, long x, long y) {
  return syscall(SYS_kcmp, a, b, type, x, y);
}

static void comparing(void) {
  pid_t me = getpid(), one = fork();
  if (one == 0) {
    sleep_ms(30000);
    _exit(0);
  }
  int same = dup(1), different = open("/dev/null", O_RDONLY);
  SHOW(compare(me, me, KCMP_VM, 0, 0));
  HOLDS(compare(me, one, KCMP_VM, 0, 0) > 0);
  HOLDS(compare(me, one, KCMP_FILES, 0, 0) > 0);
  SHOW(compare(me, one, KCMP_FILE, 1, 1));
  SHOW(compare(me, me, KCMP_FILE, 1, same));
  HOLDS(compare(me, me, KCMP_FILE, 1, different) > 0);
  HOLDS((compare(me, me, KCMP_FILE, 1, different) == 1) ==
        (compare(me, me, KCMP_FILE, different, 1) == 2));
  SHOW(compare(me, me, KCMP_FILE, 1, 999));
  SHOW(compare(me, 0x3fffffff, KCMP_VM, 0, 0));
  SHOW(compare(me, me, 99, 0, 0));
  int fd = syscall(SYS_pidfd_open, one, 0), own = syscall(SYS_pidfd_open, me, 0);
  char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct iovec v[2] = {{p, 4096}, {p + 4096, 4096}};
  SHOW(syscall(SYS_process_madvise, own, v, 2, MADV_COLD, 0));
  SHOW(syscall(SYS_process_madvise, own, v, 2, MADV_COLD, 1));
  SHOW(syscall(SYS_process_madvise, own, v, 2, 4711, 0));
  SHOW(syscall(SYS_process_madvise, 1, v, 2, MADV_COLD, 0));
  SHOW(syscall(SYS_process_madvise, own, (void *)8, 2, MADV_COLD, 0));
  munmap(p + 4096, 4096);
  SHOW(syscall(SYS_process_madvise, own, v, 2, MADV_COLD, 0));
  SHOW(syscall(SYS_process_mrelease, fd, 1));
  SHOW(syscall(SYS_process_mrelease, 1, 0));
  SHOW(syscall(SYS_process_mrelease, fd, 0));
  kill(one, SIGKILL);
  waitpid(one, NULL, 0);
  SHOW(syscall(SYS_process_mrelease, fd, 0));
  SHOW(syscall(SYS_process_madvise, fd, v, 1, MADV_COLD, 0));
}

static void old_calls(void) {
  char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(p, "first");
  strcpy(p + 4096, "second");
  strcpy(p + 8192, "third");
  SHOW(syscall(SYS_remap_file_pages, p, 4096, 0, 2, 0));
  printf("%s %s %s\n", p, p + 4096, p + 8192);
  SHOW(syscall(SYS_remap_file_pages, p, 4096, PROT_READ, 0, 0));
  SHOW(syscall(SYS_remap_file_pages, p, 0, 0, 0, 0));
  char *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SHOW(syscall(SYS_remap_file_pages, q, 4096, 0, 0, 0));
  struct stat st;
  char b[64];
  enter_work_directory();
  stat("/dev/shm", &st);
  SHOW(syscall(SYS_ustat, (unsigned)st.st_dev, b));
  SHOW(syscall(SYS_ustat, 0xffffff, b));
  SHOW(syscall(SYS_ustat, (unsigned)st.st_dev, (void *)8));
  long types = syscall(SYS_sysfs, 3);
  HOLDS(types > 3);
  long index = syscall(SYS_sysfs, 1, "proc");
  HOLDS(index >= 0 && index < types);
  SHOW(syscall(SYS_sysfs, 2, index, b));
  puts(b);
  SHOW(syscall(SYS_sysfs, 1, "no-such-type"));
  SHOW(syscall(SYS_sysfs, 1, NULL));
  SHOW(syscall(SYS_sysfs, 2, types, b));
  SHOW(syscall(SYS_sysfs, 4));
  uint32_t size = 0;
  uint64_t ids[16];
  SHOW(syscall(461, ids, &size, 1));
  SHOW(syscall(461, ids, &size, 0));
  HOLDS(size >= 8);
  SHOW(syscall(461, ids, NULL, 0));
  size = sizeof ids;
  int capability = 0;
  for (long n = syscall(461, ids, &size, 0); n > 0; n--) capability |= ids[n - 1] == 100;
  HOLDS(capability);
  SHOW(syscall(459, 0, ids, &size, 0));
  SHOW(syscall(459, 100, ids, NULL, 0));
  SHOW(syscall(459, 100, ids, &size, 2));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    syscall(335);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  show_status("uretprobe", status);
}

int main(void) {
  waits();
  thread_pidfds();
  timers();
  comparing();
  old_calls();
  return 0;
}
