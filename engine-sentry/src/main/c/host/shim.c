/*
 * The host calls that the JVM beside a virtual machine may make once the machine's guest runs a command: docs/security.md gives
 * the reason for each, and a test compares.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "filter.h"
#include "walls.h"

void allow_shim(unsigned own, int with) {
  allow_threads(own);

  /* Descriptors that it has. */
  ALLOW(read);
  ALLOW(pread64);
  ALLOW(write);
  ALLOW(pwrite64);
  ALLOW(lseek);
  ALLOW(fstat);
  ALLOW(close);
  ALLOW(dup);
  ALLOW(dup2);
  ALLOW(poll);
  ALLOW(fsync);
  ALLOW(ftruncate);
  ALLOW_VALUES(fcntl, 1, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETLK, F_DUPFD_CLOEXEC);
  ALLOW_VALUES(ioctl, 1, FIONREAD);

  /* Its own directories; Landlock says which these are. */
  ALLOW_WITHOUT(openat, 2, O_PATH);
  ALLOW(stat);
  ALLOW(newfstatat);
  ALLOW(statx);
  ALLOW(getdents64);
  ALLOW(rename);
  ALLOW(unlink);
  ALLOW(rmdir);

  /* Sockets that it has, and clients that come. */
  ALLOW(accept);
  ALLOW(getsockname);
  ALLOW(shutdown);

  /* The monitor and the network gofer: their ends, by the descriptors that it has of them. */
  ALLOW(wait4);
  ALLOW(pidfd_send_signal);

  if (with & WITH_CONNECTIONS) {
    ALLOW_VALUES(socket, 0, AF_UNIX);
    ALLOW(connect);
    ALLOW(epoll_create1);
    ALLOW(epoll_ctl);
    ALLOW(epoll_wait);
    ALLOW(eventfd2);
  }
  if (with & WITH_DEVICES) {
    ALLOW(recvmsg);
  }
  if (with & WITH_MOUNTS) {
    ALLOW(openat2);
    ALLOW(readlinkat);
    ALLOW(fstatfs);
  }
  if (with & WITH_WRITABLE) {
    ALLOW(fdatasync);
    ALLOW(fallocate);
    ALLOW(mkdirat);
    ALLOW(mknodat);
    ALLOW(symlinkat);
    ALLOW(linkat);
    ALLOW(unlinkat);
    ALLOW(renameat2);
    ALLOW(fchmod);
    ALLOW(fchmodat);
    ALLOW(fchownat);
    ALLOW(utimensat);
  }
}
