/* Loads the kernel modules that the initramfs brings: most in the order of a list, some only when they are wanted. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

/*
 * What few guests need, and a guest that boots had better not wait for: by what the kernel asks for when somebody opens a device or
 * mounts a file system. A template has them, since they cost its clones nothing.
 */
static const struct {
  const char *name, *wanted[3];
} on_demand[] = {
    {"fuse", {"char-major-10-229", "fs-fuse", "fs-fuseblk"}},
    {"tun", {"char-major-10-200"}},
};
#define ON_DEMAND (sizeof on_demand / sizeof *on_demand)

/*
 * What no guest that boots need wait for: it has had random numbers from its host, and gives back memory when it has used some. A
 * process loads them some time after the command was started. It is made before, since the agent's children are to live among the
 * command's.
 */
static const char *const unhurried[] = {"virtio_rng", "virtio_balloon"};
#define UNHURRIED (sizeof unhurried / sizeof *unhurried)
#define UNHURRIED_SECONDS 1
static int go = -1;

static bool is_file_of(const char *file, const char *name) {
  size_t length = strlen(name);
  return strncmp(file, name, length) == 0 && strcmp(file + length, ".ko") == 0;
}

static bool is_on_demand(const char *file) {
  for (size_t i = 0; i < ON_DEMAND; i++)
    if (is_file_of(file, on_demand[i].name)) return true;
  return false;
}

static bool is_unhurried(const char *file) {
  for (size_t i = 0; i < UNHURRIED; i++)
    if (is_file_of(file, unhurried[i])) return true;
  return false;
}

static bool load_file(const char *file) {
  char path[256];
  snprintf(path, sizeof path, "/modules/%s", file);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool loaded = fd >= 0 && (syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST);
  int error = errno;
  if (fd >= 0) close(fd);
  /* The initramfs is memory. */
  unlink(path);
  errno = error;
  return loaded;
}

void load_modules(const char *list) {
  char path[256], file[128];
  bool all = is_told("template");
  snprintf(path, sizeof path, "/modules/%s", list);
  FILE *order = fopen(path, "re");
  if (order == NULL) return;
  while (fgets(file, sizeof file, order) != NULL) {
    file[strcspn(file, "\n")] = 0;
    if (!all && (is_on_demand(file) || is_unhurried(file))) continue;
    if (!load_file(file)) fprintf(stderr, "vivarium-agent: cannot load %s: %s\n", file, strerror(errno));
  }
  fclose(order);
}

void load_on_demand(const char *name) {
  char file[64];
  snprintf(file, sizeof file, "%s.ko", name);
  /* Where there is none, it is built in or was loaded. */
  load_file(file);
}

static _Noreturn void load_unhurried(int started) {
  char byte;
  prctl(PR_SET_NAME, "modules");
  while (read(started, &byte, 1) < 0 && errno == EINTR) {
  }
  sleep(UNHURRIED_SECONDS);
  for (size_t i = 0; i < UNHURRIED; i++) {
    char file[64];
    snprintf(file, sizeof file, "%s.ko", unhurried[i]);
    load_file(file);
  }
  probe_unhurried();
  _exit(0);
}

void prepare_unhurried(void) {
  int ends[2];
  if (is_told("template")) return;
  if (pipe2(ends, O_CLOEXEC) != 0) give_up("pipe: %s", strerror(errno));
  pid_t pid = fork();
  if (pid < 0) give_up("fork: %s", strerror(errno));
  if (pid == 0) {
    close(ends[1]);
    load_unhurried(ends[0]);
  }
  close(ends[0]);
  go = ends[1];
}

void finish_unhurried(void) {
  if (go >= 0) close(go);
  go = -1;
}

void forget_modules(void) {
  bool some = false;
  DIR *all = opendir("/modules");
  for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    if (is_on_demand(entry->d_name))
      some = true;
    else if (!is_unhurried(entry->d_name))
      unlinkat(dirfd(all), entry->d_name, 0);
  }
  if (all != NULL) closedir(all);
  /* The kernel runs this very program when somebody wants them. */
  if (some) write_file("/proc/sys/kernel/modprobe", "/init");
}

int load_for_kernel(const char *wanted) {
  for (size_t i = 0; i < ON_DEMAND; i++)
    for (size_t j = 0; j < sizeof on_demand[i].wanted / sizeof *on_demand[i].wanted; j++)
      if (on_demand[i].wanted[j] != NULL && strcmp(wanted, on_demand[i].wanted[j]) == 0) {
        load_on_demand(on_demand[i].name);
        return 0;
      }
  return 1;
}
