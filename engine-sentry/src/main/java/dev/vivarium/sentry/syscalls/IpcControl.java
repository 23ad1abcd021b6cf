package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.sysv.IpcObject;
import dev.vivarium.sentry.ipc.sysv.IpcTable;
import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/** What semctl, msgctl and shmctl have in common: IPC_STAT, IPC_SET, IPC_RMID and the *_STATs. */
final class IpcControl {
  private IpcControl() {}

  /**
   * Carries out one of these commands.
   *
   * @param statByIndex the number of this kind's *_STAT; that of *_STAT_ANY is the only other one
   */
  static <T extends IpcObject> long control(
      Task t, IpcTable<T> table, int id, int command, int statByIndex, long arg) {
    return switch (command) {
      case IpcObject.IPC_SET -> set(t, table, id, arg);
      case IpcObject.IPC_RMID -> {
        T o = table.byId(id);
        if (o == null) {
          yield -Errno.EINVAL;
        }
        if (!o.isOwner(t.creds)) {
          yield -Errno.EPERM;
        }
        o.remove(t.kernel().ipc());
        yield 0;
      }
      default -> {
        boolean byId = command == IpcObject.IPC_STAT;
        T o = byId ? table.byId(id) : table.byIndex(id);
        yield stat(t, o, byId, byId || command == statByIndex, arg);
      }
    };
  }

  private static long stat(Task t, @Nullable IpcObject o, boolean byId, boolean asks, long arg) {
    if (o == null) {
      return -Errno.EINVAL;
    }
    if (asks && !o.permits(t.creds, IpcObject.READ)) {
      return -Errno.EACCES;
    }
    byte[] b = o.encode();
    return t.mm.copyOut(arg, b, 0, b.length) < 0 ? -Errno.EFAULT : byId ? 0 : o.id();
  }

  private static <T extends IpcObject> long set(Task t, IpcTable<T> table, int id, long arg) {
    T o = table.byId(id);
    // The structure is read before the object is looked for, as Linux does; all kinds' have their
    // permissions first, and msqid64_ds is the longest.
    byte[] b = new byte[o == null ? 104 : o.encode().length];
    if (t.mm.copyIn(arg, b, 0, b.length) < 0) {
      return -Errno.EFAULT;
    }
    if (o == null || table.byId(id) != o) {
      return -Errno.EINVAL;
    }
    return o.isOwner(t.creds) ? o.set(t.creds, b) : -Errno.EPERM;
  }
}
