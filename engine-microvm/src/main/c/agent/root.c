/*
 * The file tree that the command sees: the image's layers, one read-only EROFS disk each, under a writable overlay in guest
 * memory or on a scratch disk; with the /proc, /dev and /sys that programs expect.
 */
#include <dirent.h>
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

bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return ok;
}

void hold_disks(void) { write_file("/sys/bus/virtio/drivers_autoprobe", "0"); }

/* Kinds of virtio devices. */
static const char block_device[] = "0x0002", random_numbers[] = "0x0004", balloon[] = "0x0005", file_system[] = "0x001a";

/* Has the driver look at the devices of a kind; again, if it is built in and has seen a template's. */
static void probe(const char *wanted) {
  DIR *all = opendir("/sys/bus/virtio/devices");
  for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
    char path[300], kind[16] = "";
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/sys/bus/virtio/devices/%s/device", entry->d_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ssize_t n = read(fd, kind, sizeof kind - 1);
    close(fd);
    if (n < (ssize_t)strlen(wanted) || strncmp(kind, wanted, strlen(wanted)) != 0) continue;
    snprintf(path, sizeof path, "/sys/bus/virtio/devices/%s/driver/unbind", entry->d_name);
    write_file(path, entry->d_name);
    write_file("/sys/bus/virtio/drivers_probe", entry->d_name);
  }
  if (all != NULL) closedir(all);
}

void probe_unhurried(void) {
  probe(random_numbers);
  probe(balloon);
}

/*
 * The block device whose serial number is this; waits for it, since devices appear by themselves. A monitor that gives disks
 * no serial numbers gives them in our order.
 */
static void find_disk(const char *serial, unsigned number, char *device, size_t size) {
  bool ordered = is_told("order");
  for (int attempt = 0; attempt < 5000; attempt++) {
    if (ordered) {
      snprintf(device, size, "/dev/vd%c", (char)('a' + number % 26));
      if (access(device, F_OK) == 0) return;
      usleep(1000);
      continue;
    }
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

/* Whether the root lies on files of the host and not on disks. */
static bool on_host_files(const struct root_options *options) { return options->mounts > 0 && options->mount[0].target[0] == 0; }

static void make_upper(void) {
  mkdir("/upper/files", 0755);
  mkdir("/upper/work", 0755);
}

void prepare_root(void) {
  mkdir("/layers", 0755);
  mkdir("/root", 0755);
  mkdir("/upper", 0755);
  if (mount("tmpfs", "/upper", "tmpfs", 0, "mode=0755,size=75%") != 0) give_up("cannot mount the writable layer: %s", strerror(errno));
  make_upper();
}

void assemble_root(const struct root_options *options) {
  static char lower[MAX_DISKS * 16 + 16];
  if (options->disks > MAX_DISKS) give_up("too many disks: %u", options->disks);
  if (options->disks > 0 || options->scratch) probe(block_device);
  if (options->devices > 0) probe(file_system);
  strcpy(lower, "lowerdir=");
  for (uint32_t i = options->disks; i-- > 0;) {
    char serial[16], device[16], directory[32];
    snprintf(serial, sizeof serial, "layer%u", i);
    snprintf(directory, sizeof directory, "/layers/%u", i);
    find_disk(serial, i, device, sizeof device);
    mkdir(directory, 0755);
    if (mount(device, directory, "erofs", MS_RDONLY, "") != 0) give_up("cannot mount layer %u: %s", i, strerror(errno));
    if (i + 1 < options->disks) strcat(lower, ":");
    strcat(lower, directory);
  }
  if (options->scratch) {
    char device[16];
    find_disk("scratch", options->disks, device, sizeof device);
    /* What is freed in it, the host is told of. */
    if (mount(device, "/upper", "ext4", MS_NOATIME, "discard") != 0) give_up("cannot mount the scratch disk: %s", strerror(errno));
    make_upper();
  }
  if (on_host_files(options)) {
    /* Mounted by the first process of the command's world: whoever waits for host files may not be who brings them. */
    mkdir("/lower", 0755);
    return;
  }
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

static const struct {
  const char *target, *mode;
} private_places[] = {
    {"/tmp", "mode=1777"}, {"/var/tmp", "mode=1777"}, {"/run", "mode=0755"}, {"/home", "mode=0755"}, {"/root", "mode=0700"},
};

static const char *give_file(const char *path, const char *text) {
  /* What is there may be a link to what a service writes elsewhere. */
  if (unlink(path) != 0 && errno != ENOENT) return path;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return ok ? NULL : path;
}

/* Who resolves names, and whose they are. */
static const char *give_names(const char *host_name) {
  char hosts[512];
  mkdir("/etc", 0755);
  snprintf(hosts, sizeof hosts,
           "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
           "10.86.0.1\thost.vivarium.internal\n10.86.0.2\t%s\n",
           host_name);
  const char *failed = give_file("/etc/resolv.conf", "nameserver 10.86.0.1\noptions timeout:30 attempts:2\n");
  return failed != NULL ? failed : give_file("/etc/hosts", hosts);
}

/* What the user wants to see of the host, where the user wants it. */
static const char *mount_files(const struct root_options *options) {
  for (uint32_t i = 0; i < options->mounts; i++) {
    const char *target = options->mount[i].target;
    if (target[0] == 0) continue;
    char path[4096];
    size_t length = strlen(target);
    if (target[0] != '/' || length >= sizeof path) return "a mount with a bad path";
    strcpy(path, target);
    for (char *c = path + 1; *c != 0; c++) {
      if (*c != '/') continue;
      *c = 0;
      mkdir(path, 0755);
      *c = '/';
    }
    if (S_ISDIR(options->mount[i].mode))
      mkdir(path, 0755);
    else
      close(open(path, O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0644));
    const char *failed = files_mount(options, i, path);
    if (failed != NULL) return failed;
  }
  return NULL;
}

const char *enter_root(const struct root_options *options) {
  if (on_host_files(options)) {
    const char *failed = files_mount(options, 0, "/lower");
    if (failed != NULL) return failed;
    if (mount("overlay", "/root", "overlay", 0, "lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work") != 0)
      return "the host's files";
  }
  if (sethostname(options->host_name, strlen(options->host_name)) != 0) return "the host name";
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return "the mount namespace";
  umask(0);
  if (chdir("/root") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) return "/";
  if (!mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) return "/proc";
  if (!mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) return "/sys";
  mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  const char *failed = make_devices();
  if (failed != NULL) return failed;
  if (on_host_files(options))
    for (size_t i = 0; i < sizeof private_places / sizeof *private_places; i++)
      if (!mount_at("tmpfs", private_places[i].target, MS_NOSUID | MS_NODEV, private_places[i].mode)) return private_places[i].target;
  if (options->read_only && access("/tmp", F_OK) == 0 && !mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777")) return "/tmp";
  if (options->network && (failed = give_names(options->host_name)) != NULL) return failed;
  failed = mount_files(options);
  if (failed != NULL) return failed;
  if (options->read_only && mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0) return "the read-only root";
  umask(022);
  return NULL;
}
