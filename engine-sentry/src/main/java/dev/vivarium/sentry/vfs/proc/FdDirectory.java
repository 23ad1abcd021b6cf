package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.ipc.EpollFile;
import dev.vivarium.sentry.ipc.EventFile;
import dev.vivarium.sentry.ipc.InotifyFile;
import dev.vivarium.sentry.ipc.PidFile;
import dev.vivarium.sentry.ipc.SignalFile;
import dev.vivarium.sentry.ipc.TimerFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryInode;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.Notify;
import org.jspecify.annotations.Nullable;

/** /proc/PID/fd: links to the open files; or /proc/PID/fdinfo: what is known about them. */
final class FdDirectory extends DirectoryInode {
  /** Inode numbers of descriptors begin here within their task's range. */
  private static final int FIRST_FD_INDEX = 256;

  private static final long NANOS = 1_000_000_000L;

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
    if (task.hasExited() || at - FIRST_ENTRY > Integer.MAX_VALUE) {
      return at; // lseek can go anywhere
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

  private static void timer(StringBuilder b, TimerFile timer) {
    b.append("clockid: ").append(timer.clock());
    b.append("\nticks: ").append(timer.ticks()).append("\nsettime flags: 01\nit_value: ");
    seconds(b, timer.remainingNanos(System.nanoTime()));
    b.append("it_interval: ");
    seconds(b, timer.intervalNanos());
  }

  private static void seconds(StringBuilder b, long nanos) {
    b.append('(').append(nanos / NANOS).append(", ").append(nanos % NANOS).append(")\n");
  }

  private static void watch(StringBuilder b, Notify.Watch w) {
    long dev = w.inode.fs.dev;
    b.append(
        String.format(
            "inotify wd:%x ino:%x sdev:%x mask:%x ignored_mask:0 \n",
            w.descriptor,
            w.inode.ino,
            (long) Devices.major(dev) << 20 | Devices.minor(dev),
            w.mask));
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
      case TimerFile timer -> timer(b, timer);
      case SignalFile signals -> b.append(String.format("sigmask:\t%016x\n", signals.mask()));
      case PidFile process -> {
        Task thread = process.thread();
        int pid = thread != null ? thread.tid() : process.process().pid();
        boolean gone = process.process().isDead();
        b.append("Pid:\t").append(gone ? -1 : pid);
        b.append("\nNSpid:\t").append(gone ? -1 : pid).append('\n');
      }
      case InotifyFile inotify -> inotify.watches().forEach(w -> watch(b, w));
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
