package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.InotifyFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.WalkResult;
import java.util.Map;

/** inotify_init, inotify_add_watch, inotify_rm_watch. */
final class SysInotify {
  private static final int IN_ONLYDIR = 0x0100_0000;
  private static final int IN_DONT_FOLLOW = 0x0200_0000;
  private static final int IN_MASK_CREATE = 0x1000_0000;
  private static final int IN_MASK_ADD = 0x2000_0000;
  private static final int UNMOUNT_AND_OVERFLOW = 0x6000;

  /** All bits that have a meaning (ALL_INOTIFY_BITS). */
  private static final int ALL_BITS =
      Notify.ALL_EVENTS
          | UNMOUNT_AND_OVERFLOW
          | Notify.IN_IGNORED
          | IN_ONLYDIR
          | IN_DONT_FOLLOW
          | Notify.IN_EXCL_UNLINK
          | IN_MASK_CREATE
          | IN_MASK_ADD
          | Notify.IN_ISDIR
          | Notify.IN_ONESHOT;

  private static final int KEPT = Notify.ALL_EVENTS | Notify.IN_EXCL_UNLINK | Notify.IN_ONESHOT;

  /** Instances of one user, as /proc/sys/fs/inotify/max_user_instances has it by default. */
  private static final int MAX_INSTANCES = 128;

  private SysInotify() {}

  static void register(SyscallTable.Builder b) {
    b.full(
        Sys.INOTIFY_INIT, "inotify_init", (t, a0, a1, a2, a3, a4, a5) -> init(t, 0, 0, 0, 0, 0, 0));
    b.full(Sys.INOTIFY_INIT1, "inotify_init1", SysInotify::init);
    b.partial(
        Sys.INOTIFY_ADD_WATCH,
        "inotify_add_watch",
        SysInotify::addWatch,
        "What the host changes in its own folders is not seen, and an unmount is not told of.");
    b.full(Sys.INOTIFY_RM_WATCH, "inotify_rm_watch", SysInotify::rmWatch);
  }

  static long init(Task t, long flags, long a1, long a2, long a3, long a4, long a5) {
    if (((int) flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    Map<Integer, Integer> instances = t.kernel().inotifyInstances();
    int user = t.creds.ruid;
    if (instances.getOrDefault(user, 0) >= MAX_INSTANCES) {
      return -Errno.EMFILE;
    }
    instances.merge(user, 1, Integer::sum);
    InotifyFile file =
        new InotifyFile(
            t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:inotify"),
            Fcntl.O_RDONLY | (int) flags & Fcntl.O_NONBLOCK,
            () -> instances.merge(user, -1, Integer::sum));
    return GuestPath.install(t, file, (flags & Fcntl.O_CLOEXEC) != 0);
  }

  static long addWatch(Task t, long fd, long path, long bits, long a3, long a4, long a5) {
    int mask = (int) bits;
    boolean add = (mask & IN_MASK_ADD) != 0;
    boolean create = (mask & IN_MASK_CREATE) != 0;
    if ((mask & ALL_BITS) == 0) {
      return -Errno.EINVAL;
    }
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (add && create || !(f instanceof InotifyFile watcher)) {
      return -Errno.EINVAL;
    }
    int walk =
        ((mask & IN_DONT_FOLLOW) == 0 ? PathWalker.FOLLOW : 0)
            | ((mask & IN_ONLYDIR) != 0 ? PathWalker.DIRECTORY : 0);
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, path, walk, found);
    if (rc == 0) {
      rc = Permissions.check(t, found.inode(), Permissions.READ);
    }
    return rc < 0 ? rc : watcher.watch(found.path(), mask & KEPT, add, create);
  }

  static long rmWatch(Task t, long fd, long descriptor, long a2, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    return f instanceof InotifyFile watcher ? watcher.unwatch((int) descriptor) : -Errno.EINVAL;
  }
}
