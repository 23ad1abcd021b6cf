/* What ps, free, lsof, ss, ipcs and language runtimes look for in /proc and /sys, and its form. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include "show.h"

static char *read_file(const char *name) {
  /* Large enough for the connections of a busy host, read in parts: of /proc/sys no call may ask for more than 4 MiB. */
  static char text[1 << 24];
  enum { PART = 1 << 18 };
  int fd = open(name, O_RDONLY);
  size_t total = 0;
  ssize_t n;
  if (fd < 0) printf("%s: %s\n", name, error_name(errno));
  while (fd >= 0 && total + PART < sizeof text && (n = read(fd, text + total, PART)) > 0)
    total += (size_t)n;
  if (fd >= 0) close(fd);
  text[total] = 0;
  return text;
}

/* The line that begins with a name, without its end; a copy. */
static char *line_of(const char *file, const char *name) {
  static char line[1024];
  char *at = read_file(file);
  line[0] = 0;
  while (at && strncmp(at, name, strlen(name)) != 0) {
    at = strchr(at, '\n');
    if (at) at++;
  }
  if (at) snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
  return line;
}

/* The line of which a column (from 0) is a number. */
static char *line_with(const char *file, int column, unsigned long number) {
  static char found[1024];
  char *save, *at = strtok_r(read_file(file), "\n", &save);
  found[0] = 0;
  for (; at; at = strtok_r(NULL, "\n", &save)) {
    const char *field = at + strspn(at, " ");
    for (int i = 0; i < column; i++) {
      field += strcspn(field, " ");
      field += strspn(field, " ");
    }
    char *end;
    if (strtoul(field, &end, 10) == number && end > field && (*end == ' ' || !*end))
      snprintf(found, sizeof found, "%s", at);
  }
  return found;
}

static long long number_of(const char *file, const char *name) {
  char *line = line_of(file, name);
  return line[0] ? strtoll(line + strlen(name) + strspn(line + strlen(name), ": \t"), NULL, 10) : -1;
}

/* Says which of the names has no line. */
static void has(const char *file, const char *names) {
  char copy[2048], *save;
  int missing = 0;
  snprintf(copy, sizeof copy, "%s", names);
  for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
    if (!line_of(file, name)[0]) {
      printf("%s lacks %s\n", file, name);
      missing = 1;
    }
  }
  if (!missing) printf("%s has what is looked for\n", file);
}

static void readable(const char *names) {
  char copy[4096], *save;
  snprintf(copy, sizeof copy, "%s", names);
  for (char *name = strtok_r(copy, " \n", &save); name; name = strtok_r(NULL, " \n", &save)) {
    char b[256];
    int fd = open(name, O_RDONLY);
    if (fd < 0 || read(fd, b, sizeof b) < 0) printf("%s: %s\n", name, error_name(errno));
    if (fd >= 0) close(fd);
  }
}

static void status_and_memory(void) {
  has("/proc/self/status",
      "Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups VmPeak VmSize VmLck VmPin "
      "VmHWM VmRSS RssAnon RssFile RssShmem VmData VmStk VmExe VmLib VmPTE VmSwap Threads SigQ "
      "SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp "
      "Cpus_allowed Cpus_allowed_list Mems_allowed Mems_allowed_list voluntary_ctxt_switches "
      "nonvoluntary_ctxt_switches");
  has("/proc/self/smaps",
      "Size KernelPageSize MMUPageSize Rss Pss Shared_Clean Shared_Dirty Private_Clean "
      "Private_Dirty Referenced Anonymous LazyFree AnonHugePages Swap SwapPss Locked VmFlags");
  has("/proc/self/smaps_rollup", "Rss Pss Shared_Clean Private_Dirty Anonymous Swap Locked");
  has("/proc/meminfo",
      "MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive SwapTotal SwapFree "
      "Dirty AnonPages Mapped Shmem Slab SReclaimable PageTables CommitLimit Committed_AS "
      "VmallocTotal HugePages_Total Hugepagesize");
  has("/proc/stat", "cpu cpu0 intr ctxt btime processes procs_running procs_blocked softirq");
  has("/proc/vmstat", "nr_free_pages nr_anon_pages nr_file_pages pgpgin pgpgout pswpin pswpout pgfault");
  enum { MIB = 16 };
  long before = number_of("/proc/self/status", "RssAnon");
  long shared_before = number_of("/proc/self/status", "RssShmem");
  char *own = mmap(NULL, MIB << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *both = mmap(NULL, MIB << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(own, 1, MIB << 20);
  memset(both, 1, MIB << 20);
  HOLDS(number_of("/proc/self/status", "RssAnon") - before >= MIB << 10);
  HOLDS(number_of("/proc/self/status", "RssShmem") - shared_before >= MIB << 10);
  long size, resident, shared;
  NEED(sscanf(read_file("/proc/self/statm"), "%ld %ld %ld", &size, &resident, &shared) == 3);
  HOLDS(resident >= (MIB * 2) << 8);
  HOLDS(shared >= MIB << 8 && shared < resident);
  char *at = strstr(read_file("/proc/self/status"), "VmRSS:");
  long all, anonymous, file, memory;
  NEED(at && sscanf(at, "VmRSS: %ld kB RssAnon: %ld kB RssFile: %ld kB RssShmem: %ld", &all,
                    &anonymous, &file, &memory) == 4);
  HOLDS(all == anonymous + file + memory);
  munmap(own, MIB << 20);
  munmap(both, MIB << 20);
  struct sysinfo info;
  SHOW(sysinfo(&info));
  long long total = number_of("/proc/meminfo", "MemTotal");
  HOLDS((long long)(info.totalram * info.mem_unit >> 10) == total);
  HOLDS(sysconf(_SC_PHYS_PAGES) == total / 4);
  double load[3];
  NEED(getloadavg(load, 3) == 3);
  double one;
  int running, tasks, last;
  HOLDS(sscanf(read_file("/proc/loadavg"), "%lf %*f %*f %d/%d %d", &one, &running, &tasks, &last) == 4);
  HOLDS(running >= 1 && tasks >= running && last > 0);
  HOLDS(load[0] >= 0 && load[0] - one < 1 && one - load[0] < 1);
}

static void input_and_output(void) {
  char b[5000];
  int fd = open("/dev/zero", O_RDWR);
  long long bytes = number_of("/proc/self/io", "rchar"), calls = number_of("/proc/self/io", "syscr");
  /* Reading of these numbers counts too. */
  long long bytes2 = number_of("/proc/self/io", "rchar"), calls2 = number_of("/proc/self/io", "syscr");
  NEED(read(fd, b, 5000) == 5000 && read(fd, b, 5000) == 5000);
  long long bytes3 = number_of("/proc/self/io", "rchar"), calls3 = number_of("/proc/self/io", "syscr");
  HOLDS(bytes2 > bytes && calls2 > calls);
  HOLDS(bytes3 - bytes2 >= 10000 && bytes3 - bytes2 < 11000);
  HOLDS(calls3 - calls2 >= 2);
  bytes = number_of("/proc/self/io", "wchar");
  NEED(write(fd, b, 3000) == 3000);
  HOLDS(number_of("/proc/self/io", "wchar") - bytes >= 3000);
  has("/proc/self/io", "rchar wchar syscr syscw read_bytes write_bytes cancelled_write_bytes");
  close(fd);
}

static unsigned long inode_of(int fd) {
  struct stat st;
  NEED(fstat(fd, &st) == 0);
  return st.st_ino;
}

/* Prints the parts of a socket's line that are the same everywhere. */
static void inet_line(const char *what, const char *file, int fd) {
  char local[40], remote[40];
  unsigned state, sent, received;
  char *line = line_with(file, 9, inode_of(fd));
  if (sscanf(line, "%*d: %39[^:]:%*x %39[^:]:%*x %x %x:%x", local, remote, &state, &sent, &received) != 5)
    printf("%s: no line: %s\n", what, line);
  else
    printf("%s: %s %s state %02X received %u\n", what, local, remote, state, received);
}

static void unix_line(const char *what, int fd) {
  char path[200] = "";
  unsigned flags, type, state;
  char *line = line_with("/proc/net/unix", 6, inode_of(fd));
  if (sscanf(line, "%*x: %*x %*x %x %x %x %*u %199s", &flags, &type, &state, path) < 3)
    printf("%s: no line: %s\n", what, line);
  else
    printf("%s: flags %08X type %04X state %02X %s\n", what, flags, type, state, path);
}

static void network(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  NEED(bind(listener, (void *)&a, sizeof a) == 0 && listen(listener, 7) == 0);
  NEED(getsockname(listener, (void *)&a, &n) == 0);
  inet_line("a fresh socket", "/proc/net/tcp", client);
  inet_line("a listener", "/proc/net/tcp", listener);
  NEED(connect(client, (void *)&a, sizeof a) == 0);
  inet_line("a listener with one waiting", "/proc/net/tcp", listener);
  int server = accept(listener, NULL, NULL);
  NEED(server >= 0 && write(client, "abc", 3) == 3);
  inet_line("the client", "/proc/net/tcp", client);
  inet_line("the server", "/proc/net/tcp", server);
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  inet_line("a datagram socket without a name", "/proc/net/udp", datagrams);
  a.sin_port = 0;
  NEED(bind(datagrams, (void *)&a, sizeof a) == 0);
  inet_line("a datagram socket", "/proc/net/udp", datagrams);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
  int sixth = socket(AF_INET6, SOCK_STREAM, 0);
  NEED(bind(sixth, (void *)&six, sizeof six) == 0 && listen(sixth, 1) == 0);
  inet_line("an IPv6 listener", "/proc/net/tcp6", sixth);
  has("/proc/net/sockstat", "sockets: TCP: UDP: RAW:");
  has("/proc/net/sockstat6", "TCP6: UDP6:");
  has("/proc/net/snmp", "Ip: Tcp: Udp:");
  readable("/proc/net/dev /proc/net/route /proc/net/arp /proc/net/raw /proc/net/packet /proc/net/netlink "
           "/proc/net/if_inet6 /proc/net/udp6 /proc/net/raw6 /proc/net/protocols /proc/net/psched");
  HOLDS(strstr(read_file("/proc/net/if_inet6"), " lo\n") != NULL);

  struct sockaddr_un u = {.sun_family = AF_UNIX, .sun_path = "s"};
  int pair[2], stream = socket(AF_UNIX, SOCK_STREAM, 0), hidden = socket(AF_UNIX, SOCK_DGRAM, 0);
  NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
  unix_line("a fresh Unix socket", stream);
  NEED(bind(stream, (void *)&u, sizeof u) == 0);
  unix_line("a bound one", stream);
  NEED(listen(stream, 3) == 0);
  unix_line("a listening one", stream);
  unix_line("one of a pair", pair[0]);
  struct sockaddr_un abstract = {.sun_family = AF_UNIX};
  snprintf(abstract.sun_path + 1, 50, "proc_views");
  NEED(bind(hidden, (void *)&abstract, offsetof(struct sockaddr_un, sun_path) + 11) == 0);
  unix_line("one with an abstract name", hidden);
}

static void ipc(void) {
  int shm = shmget(0x5e17ab1, 10000, IPC_CREAT | 0640);
  int sem = semget(0x5e17ab2, 3, IPC_CREAT | 0600);
  int msg = msgget(0x5e17ab3, IPC_CREAT | 0666);
  NEED(shm >= 0 && sem >= 0 && msg >= 0);
  void *at = shmat(shm, NULL, 0);
  NEED(at != (void *)-1);
  struct {
    long type;
    char text[5];
  } m = {1, "1234"};
  NEED(msgsnd(msg, &m, 5, 0) == 0);
  int id, mode, pid;
  unsigned long size, n, cbytes;
  NEED(sscanf(line_with("/proc/sysvipc/shm", 0, 0x5e17ab1), "%*d %d %o %lu %d %*d %lu", &id, (unsigned *)&mode, &size, &pid, &n) == 5);
  printf("shm: mode %o size %lu attached %lu\n", mode, size, n);
  HOLDS(id == shm && pid == getpid());
  NEED(sscanf(line_with("/proc/sysvipc/sem", 0, 0x5e17ab2), "%*d %d %o %lu", &id, (unsigned *)&mode, &n) == 3);
  printf("sem: mode %o count %lu\n", mode, n);
  HOLDS(id == sem);
  NEED(sscanf(line_with("/proc/sysvipc/msg", 0, 0x5e17ab3), "%*d %d %o %lu %lu %d", &id, (unsigned *)&mode, &cbytes, &n, &pid) == 5);
  printf("msg: mode %o bytes %lu messages %lu\n", mode, cbytes, n);
  HOLDS(id == msg && pid == getpid());
  shmdt(at);
  shmctl(shm, IPC_RMID, NULL);
  semctl(sem, 0, IPC_RMID);
  msgctl(msg, IPC_RMID, NULL);
  HOLDS(!line_with("/proc/sysvipc/shm", 0, 0x5e17ab1)[0]);
}

static void descriptors(void) {
  char name[64];
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMAX);
  int fd = signalfd(-1, &set, 0);
  snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  printf("signalfd: %s\n", line_of(name, "sigmask"));
  fd = timerfd_create(CLOCK_REALTIME, 0);
  snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  struct itimerspec far = {{7, 8}, {100000, 0}};
  NEED(timerfd_settime(fd, 0, &far, NULL) == 0);
  has(name, "pos flags mnt_id clockid ticks it_value it_interval");
  printf("timerfd: %s\n", line_of(name, "clockid"));
  printf("timerfd: %s\n", line_of(name, "ticks"));
  printf("timerfd: %s\n", line_of(name, "it_interval"));
  fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
  snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  HOLDS(number_of(name, "Pid") == getpid());
  put_file("watched", "");
  fd = inotify_init1(0);
  NEED(inotify_add_watch(fd, "watched", IN_CREATE | IN_DELETE) == 1);
  snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  unsigned long inode = 0;
  unsigned mask = 0;
  struct stat st;
  NEED(stat("watched", &st) == 0);
  HOLDS(sscanf(line_of(name, "inotify"), "inotify wd:1 ino:%lx sdev:%*x mask:%x", &inode, &mask) == 2);
  HOLDS(inode == st.st_ino && mask == (IN_CREATE | IN_DELETE));
  fd = open("watched", O_RDWR);
  NEED(flock(fd, LOCK_EX) == 0);
  struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
  NEED(fcntl(fd, F_SETLK, &range) == 0);
  snprintf(name, sizeof name, ":%lu ", (unsigned long)st.st_ino);
  static const char *const kinds[] = {"FLOCK", "POSIX"};
  for (int i = 0; i < 2; i++) {
    char kind[20], access[20], start[20], end[20], *save;
    int pid;
    for (char *at = strtok_r(read_file("/proc/locks"), "\n", &save); at; at = strtok_r(NULL, "\n", &save))
      if (strstr(at, name) && sscanf(at, "%*d: %19s ADVISORY %19s %d %*s %19s %19s", kind, access, &pid, start, end) == 5 &&
          pid == getpid() && !strcmp(kind, kinds[i]))
        printf("lock: %s %s %s %s\n", kind, access, start, end);
  }
}

int main(void) {
  enter_work_directory();
  status_and_memory();
  input_and_output();
  network();
  ipc();
  descriptors();
  HOLDS(strstr(read_file("/proc/tty/drivers"), "/dev/pts") != NULL);
  HOLDS(strstr(read_file("/proc/filesystems"), "nodev\tmqueue\n") != NULL);
  HOLDS(strstr(read_file("/proc/filesystems"), "nodev\tcgroup2\n") != NULL);
  readable("/proc/swaps /proc/diskstats /proc/interrupts /proc/devices /proc/partitions "
           "/proc/version /proc/uptime /proc/cmdline /proc/consoles /proc/locks /proc/misc /proc/cgroups "
           "/proc/execdomains /proc/tty/ldiscs "
           "/proc/sys/kernel/pid_max /proc/sys/kernel/threads-max /proc/sys/kernel/cap_last_cap "
           "/proc/sys/kernel/random/boot_id /proc/sys/kernel/seccomp/actions_avail "
           "/proc/sys/kernel/ns_last_pid /proc/sys/kernel/pty/max /proc/sys/kernel/shmmax "
           "/proc/sys/kernel/sem /proc/sys/kernel/msgmax /proc/sys/kernel/core_pattern "
           "/proc/sys/kernel/sched_rr_timeslice_ms /proc/sys/fs/file-max /proc/sys/fs/file-nr "
           "/proc/sys/fs/nr_open /proc/sys/fs/pipe-max-size /proc/sys/fs/inotify/max_user_watches "
           "/proc/sys/fs/mqueue/msg_max /proc/sys/vm/max_map_count /proc/sys/vm/overcommit_memory "
           "/proc/sys/vm/swappiness /proc/sys/vm/page-cluster /proc/sys/net/core/somaxconn "
           "/proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/tcp_rmem "
           "/proc/sys/net/ipv6/conf/lo/disable_ipv6 /proc/sys/user/max_user_namespaces "
           "/sys/devices/system/cpu/online /sys/devices/system/cpu/possible "
           "/sys/devices/system/cpu/present /sys/devices/system/cpu/cpu0/topology/core_id "
           "/sys/devices/system/cpu/cpu0/topology/physical_package_id "
           "/sys/devices/system/cpu/cpu0/topology/thread_siblings "
           "/sys/devices/system/cpu/cpu0/topology/core_cpus_list "
           "/sys/devices/system/cpu/cpu0/topology/package_cpus /sys/class/net/lo/mtu "
           "/sys/class/net/lo/operstate /sys/class/net/lo/statistics/rx_bytes");
  HOLDS(strstr(read_file("/proc/sys/kernel/seccomp/actions_avail"), "errno trace") != NULL ||
        strstr(read_file("/proc/sys/kernel/seccomp/actions_avail"), "errno user_notif trace") != NULL);
  return 0;
}
