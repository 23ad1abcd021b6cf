/* What a kernel must have, built in or as a module of the initramfs: one that a user gave may lack it, and is to be told so. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

static char missing[256];

static void miss(const char *what) {
  size_t length = strlen(missing);
  snprintf(missing + length, sizeof missing - length, "%s%s", length == 0 ? "" : ", ", what);
}

static void need_file_system(const char *name) {
  char known[4096], wanted[64];
  int fd = open("/proc/filesystems", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, known, sizeof known - 1);
  if (fd >= 0) close(fd);
  known[n < 0 ? 0 : n] = 0;
  snprintf(wanted, sizeof wanted, "\t%s\n", name);
  if (strstr(known, wanted) == NULL) miss(name);
}

static void need_driver(const char *directory, const char *name) {
  if (access(directory, F_OK) != 0) miss(name);
}

static void give_up_for_missing(void) {
  if (missing[0] != 0)
    give_up("this kernel lacks %s: neither built in nor a module that came with it; build it in, or give a package that has it", missing);
}

void need_at_start(void) {
  if (is_told("pci"))
    need_driver("/sys/bus/pci/drivers/virtio-pci", "virtio_pci");
  else
    need_driver("/sys/bus/platform/drivers/virtio-mmio", "virtio_mmio");
  if (ports_are_streams())
    need_driver("/sys/bus/virtio/drivers/vmw_vsock_virtio_transport", "vmw_vsock_virtio_transport");
  else
    need_driver("/sys/bus/virtio/drivers/virtio_console", "virtio_console");
  give_up_for_missing();
}

void need_for_root(const struct root_options *options) {
  need_file_system("tmpfs");
  if (options->disks > 0 || options->scratch) need_driver("/sys/bus/virtio/drivers/virtio_blk", "virtio_blk");
  if (options->disks > 0) need_file_system("erofs");
  if (options->disks > 0 || options->mounts > 0) need_file_system("overlay");
  if (options->scratch) need_file_system("ext4");
  if (options->devices > 0) need_file_system("virtiofs");
  give_up_for_missing();
}
