package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.NameOps;
import dev.vivarium.sentry.vfs.Opener;
import org.jspecify.annotations.Nullable;

/**
 * The end of a process by a signal that leaves a core dump (Linux: do_coredump). All its tasks are
 * to end; those that have come to their end stand still there until the dump is written, so that
 * their registers are in it.
 */
final class CoreDump {
  /** In a wait status: a core file was written. */
  static final int DUMPED = 0x80;

  /** Less is no core file (a page). */
  private static final long LEAST = 4096;

  private final Task dumper;
  private final WaitQueue arrived = new WaitQueue();
  private final WaitQueue finished = new WaitQueue();
  private int standing;
  private boolean isFinished;

  private CoreDump(Task dumper) {
    this.dumper = dumper;
  }

  /** All tasks of the process are to end by this signal, whose action is to dump core. */
  static void groupExit(Task t, SignalInfo info) {
    ThreadGroup g = t.group;
    boolean limited =
        Long.compareUnsigned(g.rlimits.soft(Resource.RLIMIT_CORE), LEAST) < 0 || t.mmGone;
    if (limited || g.dumpable != 1 || g.exiting || g.execing != null) {
      TaskExit.groupExit(t, info.signo);
      return;
    }
    CoreDump dump = new CoreDump(t);
    g.coreDump = dump;
    TaskExit.groupExit(t, info.signo);
    boolean dumped = false;
    try {
      dumped = dump.awaitOthers() && dump.write(info);
    } catch (RuntimeException | Error bug) {
      t.kernel().bug("the core dump of process " + g.pid(), bug);
    } finally {
      if (dumped && !t.fatalSignalPending()) {
        g.exitStatus |= DUMPED;
        t.exitCode = g.exitStatus;
      }
      g.coreDump = null;
      dump.isFinished = true;
      dump.finished.wake(0);
    }
  }

  /** A task of the process has come to its end: it waits for the dump. */
  void taskEnds(Task t) {
    if (t == dumper) {
      return;
    }
    standing++;
    arrived.wake(0);
    while (!isFinished) {
      t.waitUninterruptibly(finished);
    }
  }

  /** A task that was beyond {@link #taskEnds} already is gone. */
  void taskIsGone() {
    arrived.wake(0);
  }

  private boolean awaitOthers() {
    while (standing < dumper.group.tasks.size() - 1) {
      if (dumper.fatalSignalPending()) {
        return false;
      }
      dumper.waitKillable(arrived);
    }
    return true;
  }

  private boolean write(SignalInfo info) {
    Task t = dumper;
    String name = CoreName.of(t, info.signo);
    File file = name.isEmpty() ? null : open(name);
    if (file == null) {
      return false;
    }
    try {
      t.mm.stopPatching(t);
      new CoreFile(t, file).write(info);
      return true;
    } finally {
      file.drop(t);
    }
  }

  /** The file, fresh and the process's own; null if it cannot be so. */
  private @Nullable File open(String name) {
    Task t = dumper;
    NameOps.unlink(t, Fcntl.AT_FDCWD, name);
    int flags =
        Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_WRONLY | Fcntl.O_NOFOLLOW | Fcntl.O_LARGEFILE;
    FileRef ref = new FileRef();
    long rc = Opener.open(t, name, flags, 0600, ref);
    File file = ref.file;
    if (rc < 0 || file == null) {
      if (rc != -Errno.EACCES && rc != -Errno.EROFS) {
        t.kernel().log("no core file of process " + t.group.pid() + ": " + Errno.name((int) -rc));
      }
      return null;
    }
    Inode inode = file.inode;
    boolean good =
        inode.getattr(t) >= 0
            && inode.isRegular()
            && inode.nlink == 1
            && inode.uid == t.creds.fsuid
            && (inode.mode & 0677) == 0600;
    if (!good) {
      file.drop(t);
      return null;
    }
    return file;
  }
}
