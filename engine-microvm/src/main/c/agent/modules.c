/* Loads the kernel modules that the initramfs brings, in the order of a list. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

void load_modules(const char *list) {
  char path[256], name[128];
  snprintf(path, sizeof path, "/modules/%s", list);
  FILE *order = fopen(path, "re");
  if (order == NULL) return;
  while (fgets(name, sizeof name, order) != NULL) {
    name[strcspn(name, "\n")] = 0;
    snprintf(path, sizeof path, "/modules/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
      fprintf(stderr, "vivarium-agent: cannot load %s: %s\n", name, strerror(errno));
    if (fd >= 0) close(fd);
    /* The initramfs is memory. */
    unlink(path);
  }
  fclose(order);
}

void forget_modules(void) {
  DIR *all = opendir("/modules");
  for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;)
    if (entry->d_name[0] != '.') unlinkat(dirfd(all), entry->d_name, 0);
  if (all != NULL) closedir(all);
}
