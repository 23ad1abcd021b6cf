package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.FileAction;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/**
 * Says of the calls that succeeded which of them did something with a file. Paths are those of the
 * call's own event, with the directory that they begin at; an open one's is where it truly is.
 */
final class FileEvents {
  private static final int AT_REMOVEDIR = 0x200;
  private static final int O_ACCMODE = 3;

  private final FileRows files;
  private final Payload one = new Payload();

  FileEvents(FileRows files) {
    this.files = files;
  }

  void after(
      EventWriter w,
      Task t,
      int number,
      long result,
      long a0,
      long a1,
      long a2,
      long a3,
      Payload of) {
    switch (number) {
      case Sys.OPEN -> opened(w, t, (int) result, (int) a1);
      case Sys.OPENAT -> opened(w, t, (int) result, (int) a2);
      case Sys.OPENAT2 -> opened(w, t, (int) result, -1);
      case Sys.CREAT -> opened(w, t, (int) result, Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_TRUNC);
      case Sys.UNLINK -> tell(w, t, FileAction.DELETE, 0, of);
      case Sys.RMDIR -> tell(w, t, FileAction.RMDIR, 0, of);
      case Sys.UNLINKAT ->
          tell(w, t, (a2 & AT_REMOVEDIR) != 0 ? FileAction.RMDIR : FileAction.DELETE, 0, of);
      case Sys.RENAME, Sys.RENAMEAT, Sys.RENAMEAT2 -> tell(w, t, FileAction.RENAME, 0, of);
      case Sys.CHMOD, Sys.FCHMOD -> tell(w, t, FileAction.CHMOD, a1, of);
      case Sys.FCHMODAT, Sys.FCHMODAT2 -> tell(w, t, FileAction.CHMOD, a2, of);
      case Sys.CHOWN, Sys.LCHOWN, Sys.FCHOWN -> tell(w, t, FileAction.CHOWN, a1, of);
      case Sys.FCHOWNAT -> tell(w, t, FileAction.CHOWN, a2, of);
      case Sys.LINK, Sys.LINKAT -> tell(w, t, FileAction.LINK, 0, of);
      case Sys.SYMLINK, Sys.SYMLINKAT -> tell(w, t, FileAction.SYMLINK, 0, of);
      case Sys.MKDIR -> tell(w, t, FileAction.MKDIR, a1, of);
      case Sys.MKDIRAT -> tell(w, t, FileAction.MKDIR, a2, of);
      case Sys.MKNOD -> tell(w, t, FileAction.MKNOD, a1, of);
      case Sys.MKNODAT -> tell(w, t, FileAction.MKNOD, a2, of);
      case Sys.TRUNCATE, Sys.FTRUNCATE -> tell(w, t, FileAction.TRUNCATE, a1, of);
      case Sys.MOUNT -> tell(w, t, FileAction.MOUNT, a3, of);
      case Sys.SETXATTR, Sys.LSETXATTR, Sys.FSETXATTR -> tell(w, t, FileAction.ATTRIBUTE, 0, of);
      default -> {
        // nothing of files
      }
    }
  }

  private void opened(EventWriter w, Task t, int fd, int wanted) {
    File f = t.fds.getAny(fd);
    if (f == null) {
      return;
    }
    int flags = wanted == -1 ? f.flags : wanted;
    FileAction action =
        (flags & O_ACCMODE) == Fcntl.O_RDONLY && (flags & Fcntl.O_TRUNC) == 0
            ? FileAction.READ
            : FileAction.WRITE;
    path(files.of(t, f).row);
    event(w, t, f.made ? FileAction.CREATE : action, Integer.toUnsignedLong(flags), 0, one);
  }

  /** The last who had a file open has closed it; one without a path is not told of. */
  void closed(EventWriter w, Task t, File f) {
    FileRows.Open open = files.of(t, f);
    if (f.path != null && (open.bytesRead > 0 || open.bytesWritten > 0)) {
      path(open.row);
      event(w, t, FileAction.CLOSE, open.bytesRead, open.bytesWritten, one);
    }
  }

  private void path(FileRows.Row row) {
    one.clear();
    one.add(0, Payload.TEXT, row.path, 0, Math.min(row.path.length, 1024));
  }

  private static void tell(EventWriter w, Task t, FileAction action, long a0, Payload payload) {
    event(w, t, action, a0, 0, payload);
  }

  private static void event(
      EventWriter w, Task t, FileAction action, long a0, long a1, Payload payload) {
    w.event(EventKind.FILE, t.group.pid(), t.tid(), action.ordinal(), a0, a1, 0, 0, 0, payload);
  }
}
