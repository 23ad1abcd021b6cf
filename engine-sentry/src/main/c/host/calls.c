/*
 * The host calls that the sentry's JVM may make once a guest runs. docs/security.md gives the reason for each, and a
 * test compares. What one call of the list can do as well as another is done with that (host.c).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include "filter.h"
#include "walls.h"

void allow_sentry(unsigned own, int with) {
  allow_threads(own);

  /* Descriptors that it has. */
  ALLOW(read);
  ALLOW(pread64);
  ALLOW(write);
  ALLOW(preadv2);
  ALLOW(pwritev2);
  ALLOW(lseek);
  ALLOW(fstat);
  ALLOW(close);
  ALLOW(poll);
  ALLOW(fsync);
  ALLOW(ftruncate);
  ALLOW_VALUES(fcntl, 1, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETLK, F_DUPFD_CLOEXEC);
  ALLOW_VALUES(ioctl, 1, FIONREAD, TIOCOUTQ);

  /* Its own directories; Landlock says which these are. */
  ALLOW_WITHOUT(openat, 2, O_PATH);
  ALLOW(newfstatat);
  ALLOW(statx);
  ALLOW(rename);
  ALLOW(unlink);
  ALLOW(rmdir);

  /* Sockets that it was given, and clients that come. */
  ALLOW(accept);
  ALLOW(getsockname);
  ALLOW(recvmsg);
  ALLOW(shutdown);
  ALLOW_NULL(sendto, 4);

  /* The gofers, by the descriptors that it has of them. */
  ALLOW(pidfd_send_signal);

  if (with & WITH_NETWORK) {
    ALLOW(epoll_wait);
    ALLOW(epoll_ctl);
    ALLOW(getsockopt);
    ALLOW(setsockopt);
  }
  if (with & WITH_MOUNTS) {
    ALLOW(fallocate);
    ALLOW(inotify_rm_watch);
  }
  if (with & WITH_FOLDERS)
    ALLOW(stat);
}
