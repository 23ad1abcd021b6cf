package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.ipc.EpollFile;
import dev.vivarium.sentry.ipc.EventFile;
import dev.vivarium.sentry.ipc.TimerFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryInode;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.InodeRef;
import org.jspecify.annotations.Nullable;

/** /proc/PID/fd: links to the open files; or /proc/PID/fdinfo: what is known about them. */
final class FdDirectory extends DirectoryInode {
  /** Inode numbers of descriptors begin here within their task's range. */
  private static final int FIRST_FD_INDEX = 256;

  private final ProcFs proc;
  private final Task task;
  private final boolean info;

  FdDirectory(ProcFs proc, long ino, Task task, boolean info) {
    super(proc, ino, info ? 0555 : 0500);
    this.proc = proc;
    this.task = task;
    this.info = info;
  }

  @Override
  public boolean cachesLookups() {
    return false;
  }

  private @Nullable File file(int fd) {
    return task.hasExited() ? null : task.fds.get(fd);
  }

  private long inoOf(int fd) {
    return proc.inoOf(task, info, FIRST_FD_INDEX + fd);
  }

  @Override
  public long lookup(Task t, String name, InodeRef out) {
    int fd = ProcFs.number(name);
    File f = fd < 0 ? null : file(fd);
    if (f == null) {
      return -Errno.ENOENT;
    }
    if (info) {
      out.inode =
          new TextInode(
              fs,
              inoOf(fd),
              0400,
              reader -> {
                File now = file(fd);
                return now == null ? null : describe(now, task.fds.isCloseOnExec(fd));
              });
    } else {
      int permissions = 0100 | (f.isReadable() ? 0400 : 0) | (f.isWritable() ? 0200 : 0);
      out.inode =
          new MagicLink(
              fs,
              inoOf(fd),
              permissions,
              reader -> {
                File now = file(fd);
                return now == null ? null : now.where();
              });
    }
    out.inode.uid = uid;
    out.inode.gid = gid;
    return 0;
  }

  @Override
  public long list(Task t, long position, DirSink sink) {
    long at = position;
    if (task.hasExited()) {
      return at;
    }
    for (int fd = task.fds.next((int) (at - FIRST_ENTRY));
        fd >= 0;
        fd = task.fds.next((int) (at - FIRST_ENTRY))) {
      if (!sink.add(
          Integer.toString(fd),
          inoOf(fd),
          FIRST_ENTRY + fd + 1,
          info ? Stat.DT_REG : Stat.DT_LNK)) {
        return at;
      }
      at = FIRST_ENTRY + fd + 1;
    }
    return at;
  }

  private static String describe(File f, boolean cloexec) {
    StringBuilder b = new StringBuilder();
    int flags = f.flags | (cloexec ? Fcntl.O_CLOEXEC : 0);
    b.append("pos:\t").append(f.position).append("\nflags:\t0");
    b.append(Integer.toOctalString(flags)).append("\nmnt_id:\t");
    b.append(f.path == null ? 0 : f.path.mount().id).append("\nino:\t").append(f.inode.ino);
    b.append('\n');
    switch (f) {
      case EventFile e ->
          b.append("eventfd-count: ")
              .append(String.format("%16s", Long.toHexString(e.count())))
              .append('\n');
      case TimerFile timer ->
          b.append("clockid: ").append(timer.clock()).append("\nticks: 0\nsettime flags: 01\n");
      case EpollFile epoll ->
          epoll
              .items()
              .forEach(i ->
                  b.append(
                      String.format(
                          "tfd: %8d events: %8x data: %16x\n", i.fd(), i.interest(), i.data())));
      default -> {}
    }
    return b.toString();
  }
}
