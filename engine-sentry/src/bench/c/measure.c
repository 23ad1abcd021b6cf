/*
 * Measures a command from outside.
 *
 *   measure time COMMAND...             prints the nanoseconds from start to exit
 *   measure idle MILLISECONDS COMMAND...
 *                                       lets the command run so long, watches all its processes for as long again, prints
 *                                       the nanoseconds of processor time that they used of each second, and ends them
 *   measure memory MILLISECONDS COMMAND...
 *                                       lets the command run so long, prints the PSS in KiB and the
 *                                       number of all its processes, and ends them
 *
 * The command's output is dropped. Processes that leave the command's process group are still its
 * own: measure is their subreaper.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PROCESSES = 8192 };

static pid_t processes[MAX_PROCESSES], parents[MAX_PROCESSES];
static int ours[MAX_PROCESSES], count;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static pid_t start(char **argv) {
  pid_t pid = fork();
  if (pid == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    if (getenv("MEASURE_VERBOSE") == NULL) dup2(null, 2);
    setpgid(0, 0);
    execvp(argv[0], argv);
    _exit(127);
  }
  return pid;
}

static pid_t parent_of(pid_t pid) {
  char name[64], text[512];
  snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
  int fd = open(name, O_RDONLY);
  if (fd < 0) return 0;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = 0;
  char *end = strrchr(text, ')');
  int parent = 0;
  if (end == NULL || sscanf(end + 1, " %*c %d", &parent) != 1) return 0;
  return parent;
}

/* Marks every process that descends from this one. */
static void find_ours(void) {
  count = 0;
  DIR *d = opendir("/proc");
  for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL && count < MAX_PROCESSES;) {
    pid_t pid = atoi(e->d_name);
    if (pid <= 0) continue;
    processes[count] = pid;
    parents[count] = parent_of(pid);
    ours[count++] = 0;
  }
  if (d != NULL) closedir(d);
  for (int changed = 1; changed;) {
    changed = 0;
    for (int i = 0; i < count; i++) {
      if (ours[i] || processes[i] == getpid()) continue;
      int mine = parents[i] == getpid();
      for (int k = 0; k < count && !mine; k++) mine = ours[k] && processes[k] == parents[i];
      if (mine) ours[i] = changed = 1;
    }
  }
}

static long pss_of(pid_t pid) {
  char name[64], line[256];
  long kib = 0;
  snprintf(name, sizeof name, "/proc/%d/smaps_rollup", (int)pid);
  FILE *f = fopen(name, "r");
  while (f != NULL && fgets(line, sizeof line, f) != NULL)
    if (sscanf(line, "Pss: %ld kB", &kib) == 1) break;
  if (f != NULL) fclose(f);
  return kib;
}

static int64_t processor_time_of(pid_t pid) {
  char name[300];
  int64_t total = 0;
  snprintf(name, sizeof name, "/proc/%d/task", (int)pid);
  DIR *d = opendir(name);
  for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    long long nanos = 0;
    snprintf(name, sizeof name, "/proc/%d/task/%s/schedstat", (int)pid, e->d_name);
    FILE *f = fopen(name, "r");
    if (f != NULL && fscanf(f, "%lld", &nanos) == 1) total += nanos;
    if (f != NULL) fclose(f);
  }
  if (d != NULL) closedir(d);
  return total;
}

static int64_t processor_time(void) {
  int64_t total = 0;
  find_ours();
  for (int i = 0; i < count; i++)
    if (ours[i]) total += processor_time_of(processes[i]);
  return total;
}

static int measure_running(int milliseconds, int idle, char **argv) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t pid = start(argv);
  struct timespec wait = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&wait, NULL);
  int64_t used = 0;
  if (idle) {
    int64_t begin = now();
    used = processor_time();
    nanosleep(&wait, NULL);
    used = (processor_time() - used) * 1000000000LL / (now() - begin);
  }
  find_ours();
  long total = 0, live = 0;
  for (int i = 0; i < count; i++) {
    if (!ours[i]) continue;
    long kib = pss_of(processes[i]);
    if (getenv("MEASURE_VERBOSE")) fprintf(stderr, "%d: %ld KiB\n", (int)processes[i], kib);
    total += kib;
    live++;
  }
  int status;
  int ended = waitpid(pid, &status, WNOHANG) == pid;
  for (int round = 0; round < 100; round++) {
    find_ours();
    int any = 0;
    for (int i = 0; i < count; i++)
      if (ours[i]) any = 1, kill(processes[i], round < 30 ? SIGTERM : SIGKILL);
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    if (!any) break;
    nanosleep(&(struct timespec){0, 50000000}, NULL);
  }
  if (ended) {
    fprintf(stderr, "measure: the command ended early\n");
    return 1;
  }
  if (idle)
    printf("%lld\n", (long long)used);
  else
    printf("%ld %ld\n", total, live);
  return 0;
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "memory") == 0) return measure_running(atoi(argv[2]), 0, argv + 3);
  if (argc >= 4 && strcmp(argv[1], "idle") == 0) return measure_running(atoi(argv[2]), 1, argv + 3);
  if (argc < 3 || strcmp(argv[1], "time") != 0) return 2;
  int64_t begin = now();
  pid_t pid = start(argv + 2);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  printf("%lld\n", (long long)(now() - begin));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
