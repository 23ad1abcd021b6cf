/* /proc says what programs look for: maps, fds, status, stat, cmdline, and the machine. */
#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "show.h"

static int starts_with(const char *s, const char *prefix) {
  return strncmp(s, prefix, strlen(prefix)) == 0;
}

static char *read_file(const char *name) {
  static char text[1 << 17];
  int fd = open(name, O_RDONLY);
  size_t total = 0;
  ssize_t n;
  if (fd < 0) {
    printf("%s: %s\n", name, error_name(errno));
    text[0] = 0;
    return text;
  }
  while (total < sizeof text - 1 && (n = read(fd, text + total, sizeof text - 1 - total)) > 0)
    total += (size_t)n;
  close(fd);
  text[total] = 0;
  return text;
}

static char *field(const char *file, const char *name) {
  static char value[256];
  char *text = read_file(file), *line = text;
  value[0] = 0;
  while (line && !starts_with(line, name)) {
    line = strchr(line, '\n');
    if (line) line++;
  }
  if (line) {
    line += strlen(name);
    line += strspn(line, ": \t");
    snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\n"), line);
  }
  return value;
}

static const char *protection_of(void *p) {
  static char prot[8];
  FILE *f = fopen("/proc/self/maps", "r");
  char line[1024];
  strcpy(prot, "none");
  while (f && fgets(line, sizeof line, f)) {
    unsigned long from, to;
    char perms[8];
    if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) != 3) printf("cannot parse: %s", line);
    if ((uintptr_t)p >= from && (uintptr_t)p < to) strcpy(prot, perms);
  }
  if (f) fclose(f);
  return prot;
}

static void *sleeper(void *arg) {
  for (;;) pause();
  return arg;
}

int main(int argc, char **argv) {
  (void)argc;
  char b[512], expected[64];
  ssize_t n;
  HOLDS(atoi(field("/proc/self/status", "Pid")) == getpid());
  HOLDS(atoi(field("/proc/self/status", "PPid")) == getppid());
  HOLDS(atoi(field("/proc/self/status", "Tgid")) == getpid());
  char *base = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  snprintf(expected, sizeof expected, "%.15s", base);
  HOLDS(strcmp(field("/proc/self/status", "Name"), expected) == 0);
  HOLDS(starts_with(field("/proc/self/status", "State"), "R (running)"));
  unsigned uid[4];
  HOLDS(sscanf(field("/proc/self/status", "Uid"), "%u %u %u %u", uid, uid + 1, uid + 2, uid + 3) == 4);
  HOLDS(uid[0] == getuid() && uid[1] == geteuid());
  HOLDS(atoi(field("/proc/self/status", "Threads")) == 1);
  HOLDS(atoi(field("/proc/self/status", "VmRSS")) > 0);
  HOLDS(strlen(field("/proc/self/status", "SigBlk")) == 16);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGUSR2, SIG_IGN);
  printf("blocked %s\n", field("/proc/self/status", "SigBlk"));
  HOLDS(strtoul(field("/proc/self/status", "SigIgn"), NULL, 16) & (1UL << (SIGUSR2 - 1)));
  pthread_t t;
  pthread_create(&t, NULL, sleeper, NULL);
  HOLDS(atoi(field("/proc/self/status", "Threads")) == 2);
  int tasks = 0;
  DIR *d = opendir("/proc/self/task");
  for (struct dirent *e; d && (e = readdir(d)) != NULL;) tasks += e->d_name[0] != '.';
  printf("tasks %d\n", tasks);

  int pid, ppid, pgrp, sid;
  char comm[64], state;
  char *line = read_file("/proc/self/stat");
  HOLDS(sscanf(line, "%d (%63[^)]) %c %d %d %d", &pid, comm, &state, &ppid, &pgrp, &sid) == 6);
  HOLDS(pid == getpid() && ppid == getppid() && pgrp == getpgrp() && sid == getsid(0));
  HOLDS(strcmp(comm, expected) == 0 && state == 'R');
  int fields = 2;
  for (char *c = strchr(line, ')'); *c; c++) fields += *c == ' ';
  HOLDS(fields >= 52);

  char *cmdline = read_file("/proc/self/cmdline");
  HOLDS(strcmp(cmdline, argv[0]) == 0);
  char *comm_file = read_file("/proc/self/comm");
  comm_file[strcspn(comm_file, "\n")] = 0;
  HOLDS(strcmp(comm_file, expected) == 0);
  char *environment = read_file("/proc/self/environ");
  HOLDS(strchr(environment, '=') != NULL);
  n = readlink("/proc/self/exe", b, sizeof b - 1);
  b[n > 0 ? n : 0] = 0;
  HOLDS(n > 0 && strcmp(strrchr(b, '/') + 1, base) == 0);
  n = readlink("/proc/self/cwd", b, sizeof b - 1);
  b[n > 0 ? n : 0] = 0;
  char cwd[512];
  HOLDS(getcwd(cwd, sizeof cwd) && strcmp(cwd, b) == 0);
  SHOW(readlink("/proc/self/root", b, sizeof b));
  n = readlink("/proc/self", b, sizeof b - 1);
  b[n > 0 ? n : 0] = 0;
  HOLDS(atoi(b) == getpid());
  n = readlink("/proc/thread-self", b, sizeof b - 1);
  b[n > 0 ? n : 0] = 0;
  HOLDS(strstr(b, "/task/") != NULL);
  snprintf(b, sizeof b, "/proc/%d/status", (int)getppid());
  SHOW(access(b, R_OK));
  SHOW(access("/proc/4194305", F_OK));
  SHOW(access("/proc/self/nothing", F_OK));
  HOLDS(mkdir("/proc/x", 0755) == -1);
  HOLDS(unlink("/proc/self/status") == -1);

  /* Descriptors. */
  close_range(3, ~0U, 0);
  int fd = open("/dev/null", O_RDWR | O_APPEND);
  int p[2];
  pipe(p);
  snprintf(b, sizeof b, "/proc/self/fd/%d", fd);
  char link[256] = {0};
  SHOW(readlink(b, link, sizeof link));
  puts(link);
  struct stat st;
  SHOW(lstat(b, &st));
  printf("mode %o\n", st.st_mode);
  snprintf(b, sizeof b, "/proc/self/fd/%d", p[0]);
  HOLDS(readlink(b, link, sizeof link) > 0 && starts_with(link, "pipe:["));
  HOLDS(stat(b, &st) == 0 && S_ISFIFO(st.st_mode));
  int again = open(b, O_RDONLY | O_NONBLOCK);
  write(p[1], "x", 1);
  SHOW(read(again, b, 1));
  close(again);
  /* The pipe that lost its writer opens at once, too: a shell's <(command) lives on it. */
  int q[2];
  pipe(q);
  write(q[1], "left", 4);
  close(q[1]);
  snprintf(b, sizeof b, "/proc/self/fd/%d", q[0]);
  again = open(b, O_RDONLY);
  SHOW(read(again, b, sizeof b));
  close(again);
  close(q[0]);
  int listed = 0;
  d = opendir("/proc/self/fd");
  for (struct dirent *e; (e = readdir(d)) != NULL;) listed += e->d_name[0] != '.' && atoi(e->d_name) >= 3;
  closedir(d);
  printf("descriptors %d\n", listed);
  snprintf(b, sizeof b, "/proc/self/fdinfo/%d", fd);
  HOLDS(strtol(field(b, "flags"), NULL, 8) & O_APPEND);
  HOLDS(strcmp(field(b, "pos"), "0") == 0);
  SHOW(access("/proc/self/fd/99", F_OK));
  SHOW(access("/dev/fd/0", F_OK));
  n = readlink("/dev/fd", b, sizeof b);
  printf("%.*s\n", (int)n, b);

  /* Memory. */
  static char data[8192];
  data[0] = 1;
  char local;
  printf("code %s data %s stack %s\n", protection_of((void *)main), protection_of(data),
         protection_of(&local));
  char *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(m + 4096, 4096, PROT_NONE);
  printf("%s %s %s\n", protection_of(m), protection_of(m + 4096), protection_of(m + 8192));
  char *sh = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  printf("%s\n", protection_of(sh));
  munmap(m, 3 * 4096);
  printf("%s\n", protection_of(m));
  HOLDS(strstr(read_file("/proc/self/maps"), "[stack]") != NULL);
  sbrk(4096);
  HOLDS(strstr(read_file("/proc/self/maps"), "[heap]") != NULL);
  HOLDS(strstr(read_file("/proc/self/maps"), base) != NULL);
  int mem = open("/proc/self/mem", O_RDWR);
  data[1] = 'q';
  char c = 0;
  SHOW(pread(mem, &c, 1, (off_t)(uintptr_t)(data + 1)));
  printf("%c\n", c);
  SHOW(pwrite(mem, "z", 1, (off_t)(uintptr_t)(data + 1)));
  printf("%c\n", data[1]);
  SHOW(pread(mem, &c, 1, 8));
  long size = 0;
  HOLDS(sscanf(read_file("/proc/self/statm"), "%ld", &size) == 1 && size > 0);

  /* The machine. */
  double up = 0, idle = 0;
  HOLDS(sscanf(read_file("/proc/uptime"), "%lf %lf", &up, &idle) == 2 && up > 0);
  double load;
  HOLDS(sscanf(read_file("/proc/loadavg"), "%lf", &load) == 1);
  HOLDS(atol(field("/proc/meminfo", "MemTotal")) > 1000);
  HOLDS(atol(field("/proc/meminfo", "MemAvailable")) > 0);
  HOLDS(starts_with(read_file("/proc/stat"), "cpu  "));
  HOLDS(strlen(field("/proc/cpuinfo", "flags")) > 10);
  HOLDS(strstr(read_file("/proc/filesystems"), "tmpfs") != NULL);
  HOLDS(strstr(read_file("/proc/mounts"), " / ") != NULL);
  HOLDS(strstr(read_file("/proc/self/mountinfo"), " / / ") != NULL);
  HOLDS(starts_with(read_file("/proc/version"), "Linux version "));
  struct utsname u;
  uname(&u);
  char *release = read_file("/proc/sys/kernel/osrelease");
  release[strcspn(release, "\n")] = 0;
  HOLDS(strcmp(release, u.release) == 0);
  char *host = read_file("/proc/sys/kernel/hostname");
  host[strcspn(host, "\n")] = 0;
  HOLDS(strcmp(host, u.nodename) == 0);
  HOLDS(strcmp(u.sysname, "Linux") == 0 && strcmp(u.machine, "x86_64") == 0);
  HOLDS(strstr(read_file("/proc/version"), u.release) != NULL);
  HOLDS(atoi(read_file("/proc/sys/kernel/pid_max")) > 1000);
  HOLDS(strlen(read_file("/proc/sys/kernel/random/uuid")) == 37);
  HOLDS(strlen(read_file("/proc/sys/kernel/random/boot_id")) == 37);
  struct sysinfo info;
  SHOW(sysinfo(&info));
  HOLDS(info.totalram > 0 && info.procs > 0 && info.mem_unit > 0 && info.uptime > 0);
  HOLDS(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
  HOLDS(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_CLK_TCK) == 100);
  return 0;
}
