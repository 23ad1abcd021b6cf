/*
 * Ports to the host: of virtio-serial, by name, or of vsock, by number, where the monitor has only that; which of the two, and
 * what else the monitor cannot do, is in the words that the kernel's command line has for us.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"

static const char *const names[] = {"vivarium.agent", "vivarium.files", "vivarium.network"};
#define PORTS (sizeof names / sizeof *names)
static int listeners[PORTS];

bool is_told(const char *word) {
  static char line[4096];
  char wanted[64];
  if (line[0] == 0) {
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line + 1, sizeof line - 3);
    if (fd >= 0) close(fd);
    if (n < 0) n = 0;
    /* Words stand between blanks. */
    line[0] = ' ';
    line[n + 1] = 0;
    line[strcspn(line, "\n")] = 0;
    strcat(line, " ");
  }
  snprintf(wanted, sizeof wanted, " vivarium.%s ", word);
  return strstr(line, wanted) != NULL;
}

_Noreturn void end_machine(void) {
  reboot(is_told("off") ? RB_POWER_OFF : RB_AUTOBOOT);
  for (;;) pause();
}

bool ports_are_streams(void) { return is_told("vsock"); }

void ports_listen(void) {
  if (!ports_are_streams()) return;
  for (unsigned i = 0; i < PORTS; i++) {
    struct sockaddr_vm here = {.svm_family = AF_VSOCK, .svm_port = FIRST_VSOCK_PORT + i, .svm_cid = VMADDR_CID_ANY};
    listeners[i] = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listeners[i] < 0 || bind(listeners[i], (struct sockaddr *)&here, sizeof here) != 0 || listen(listeners[i], 1) != 0)
      give_up("cannot listen on vsock: %s", strerror(errno));
  }
}

static int accept_port(enum port port) {
  for (;;) {
    int fd = accept4(listeners[port], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) return fd;
    if (errno != EINTR && errno != ECONNABORTED) give_up("the port to the host: %s", strerror(errno));
  }
}

/* Waits for it, since the driver makes ports by and by. */
int port_open(enum port port) {
  if (ports_are_streams()) return accept_port(port);
  for (int attempt = 0; attempt < 10000; attempt++) {
    DIR *ports = opendir("/sys/class/virtio-ports");
    for (struct dirent *entry; ports != NULL && (entry = readdir(ports)) != NULL;) {
      char path[300], name[64] = "";
      snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
      int fd = open(path, O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      ssize_t n = read(fd, name, sizeof name - 1);
      close(fd);
      if (n <= 0) continue;
      name[strcspn(name, "\n")] = 0;
      if (strcmp(name, names[port]) != 0) continue;
      snprintf(path, sizeof path, "/dev/%s", entry->d_name);
      int opened = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
      if (opened >= 0) {
        closedir(ports);
        return opened;
      }
    }
    if (ports != NULL) closedir(ports);
    usleep(1000);
  }
  give_up("the port to the host did not appear");
}
