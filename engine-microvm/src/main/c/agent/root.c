/*
 * The file tree that the command sees: the image's layers, one read-only EROFS disk each, under a writable overlay in guest
 * memory; with the /proc, /dev and /sys that programs expect.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent.h"

#define MAX_DISKS 64

/* The block device whose serial number is this; waits for it, since devices appear by themselves. */
static void find_disk(const char *serial, char *device, size_t size) {
  for (int attempt = 0; attempt < 5000; attempt++) {
    for (char letter = 'a'; letter <= 'z'; letter++) {
      char path[64], found[64] = "";
      snprintf(path, sizeof path, "/sys/block/vd%c/serial", letter);
      int fd = open(path, O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      ssize_t n = read(fd, found, sizeof found - 1);
      close(fd);
      if (n < 0) continue;
      found[strcspn(found, "\n")] = 0;
      snprintf(device, size, "/dev/vd%c", letter);
      if (strcmp(found, serial) == 0 && access(device, F_OK) == 0) return;
    }
    usleep(1000);
  }
  give_up("the disk %s did not appear", serial);
}

void assemble_root(const struct root_options *options) {
  static char lower[MAX_DISKS * 16 + 16];
  if (options->disks > MAX_DISKS) give_up("too many disks: %u", options->disks);
  mkdir("/layers", 0755);
  mkdir("/root", 0755);
  strcpy(lower, "lowerdir=");
  for (uint32_t i = options->disks; i-- > 0;) {
    char serial[16], device[16], directory[32];
    snprintf(serial, sizeof serial, "layer%u", i);
    snprintf(directory, sizeof directory, "/layers/%u", i);
    find_disk(serial, device, sizeof device);
    mkdir(directory, 0755);
    if (mount(device, directory, "erofs", MS_RDONLY, "") != 0) give_up("cannot mount layer %u: %s", i, strerror(errno));
    if (i + 1 < options->disks) strcat(lower, ":");
    strcat(lower, directory);
  }
  mkdir("/upper", 0755);
  if (mount("tmpfs", "/upper", "tmpfs", 0, "mode=0755,size=75%") != 0) give_up("cannot mount the writable layer: %s", strerror(errno));
  mkdir("/upper/files", 0755);
  mkdir("/upper/work", 0755);
  if (options->disks == 0) {
    if (mount("/upper/files", "/root", NULL, MS_BIND, NULL) != 0) give_up("cannot mount an empty root: %s", strerror(errno));
    return;
  }
  strcat(lower, ",upperdir=/upper/files,workdir=/upper/work");
  if (mount("overlay", "/root", "overlay", 0, lower) != 0) give_up("cannot mount the root: %s", strerror(errno));
}

static const struct {
  const char *name;
  unsigned major, minor;
} devices[] = {
    {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}, {"fuse", 10, 229},
};

static const struct {
  const char *to, *name;
} links[] = {
    {"/proc/self/fd", "fd"},       {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"},
    {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"},         {"/proc/kcore", "core"},
};

/* Mounts at a directory of the image, which is made if it is missing; one that is a link leads nowhere but inside, since we are there. */
static bool mount_at(const char *type, const char *target, unsigned long flags, const char *data) {
  mkdir(target, 0755);
  return mount(type, target, type, flags, data) == 0;
}

static const char *make_devices(void) {
  char path[64];
  if (!mount_at("tmpfs", "/dev", MS_NOSUID, "mode=0755,size=64k")) return "/dev";
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    snprintf(path, sizeof path, "/dev/%s", devices[i].name);
    if (mknod(path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)) != 0) return path[0] ? "a device" : NULL;
  }
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    snprintf(path, sizeof path, "/dev/%s", links[i].name);
    if (symlink(links[i].to, path) != 0) return "a link in /dev";
  }
  if (!mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")) return "/dev/pts";
  if (!mount_at("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777")) return "/dev/shm";
  mkdir("/dev/mqueue", 0755);
  mount("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  return NULL;
}

const char *enter_root(const struct root_options *options) {
  if (sethostname(options->host_name, strlen(options->host_name)) != 0) return "the host name";
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return "the mount namespace";
  umask(0);
  if (chdir("/root") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) return "/";
  if (!mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) return "/proc";
  if (!mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) return "/sys";
  mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  const char *failed = make_devices();
  if (failed != NULL) return failed;
  if (options->read_only) {
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0) return "the read-only root";
    if (access("/tmp", F_OK) == 0 && !mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777")) return "/tmp";
  }
  umask(022);
  return NULL;
}
