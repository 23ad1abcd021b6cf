package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.sysv.IpcObject;
import dev.vivarium.sentry.ipc.sysv.IpcTable;
import dev.vivarium.sentry.ipc.sysv.SemaphoreSet;
import dev.vivarium.sentry.ipc.sysv.SemaphoreUndo;
import dev.vivarium.sentry.ipc.sysv.SysvIpc;
import dev.vivarium.sentry.kernel.Task;
import java.util.ArrayList;
import java.util.List;

/** semget, semop, semtimedop, semctl. */
final class SysSem {
  // linux/sem.h
  private static final int GETPID = 11;
  private static final int GETVAL = 12;
  private static final int GETALL = 13;
  private static final int GETNCNT = 14;
  private static final int GETZCNT = 15;
  private static final int SETVAL = 16;
  private static final int SETALL = 17;
  private static final int SEM_STAT = 18;
  private static final int SEM_INFO = 19;
  private static final int SEM_STAT_ANY = 20;

  private static final int SEMBUF_SIZE = 6;
  private static final int SEMINFO_SIZE = 40;

  /** SEMUSZ, a number without a meaning that Linux reports. */
  private static final int UNDO_SIZE = 20;

  private SysSem() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SEMGET, "semget", SysSem::semget);
    b.full(
        Sys.SEMOP,
        "semop",
        (t, id, ops, count, a3, a4, a5) -> semtimedop(t, id, ops, count, 0, 0, 0));
    b.full(Sys.SEMTIMEDOP, "semtimedop", SysSem::semtimedop);
    b.full(Sys.SEMCTL, "semctl", SysSem::semctl);
  }

  private static IpcTable<SemaphoreSet> sets(Task t) {
    return t.kernel().ipc().semaphores();
  }

  private static long semaphoresInUse(Task t) {
    long sum = 0;
    for (SemaphoreSet s : sets(t).all()) {
      sum += s.count();
    }
    return sum;
  }

  static long semget(Task t, long key, long count, long flags, long a3, long a4, long a5) {
    int wanted = (int) count;
    if (wanted < 0 || wanted > SysvIpc.SEMMSL) {
      return -Errno.EINVAL;
    }
    IpcTable.Maker<SemaphoreSet> maker =
        new IpcTable.Maker<>() {
          @Override
          public long make(IpcTable<SemaphoreSet> table) {
            if (wanted == 0) {
              return -Errno.EINVAL;
            }
            if (semaphoresInUse(t) + wanted > SysvIpc.SEMMNS) {
              return -Errno.ENOSPC;
            }
            return table.add(new SemaphoreSet(t.creds, (int) key, (int) flags, wanted));
          }

          @Override
          public long fits(SemaphoreSet found) {
            return wanted > found.count() ? -Errno.EINVAL : 0;
          }
        };
    return sets(t).get(t.creds, (int) key, (int) flags, maker);
  }

  static long semtimedop(Task t, long id, long ops, long count, long timeout, long a4, long a5) {
    long wait = 0;
    if (timeout != 0) {
      wait = Deadlines.readTimespec(t, timeout);
      if (wait == -Errno.EFAULT) {
        return wait;
      }
    }
    int n = (int) count;
    if (n < 0 || n > SysvIpc.SEMOPM) {
      return -Errno.E2BIG;
    }
    byte[] raw = new byte[n * SEMBUF_SIZE];
    if (t.mm.copyIn(ops, raw, 0, raw.length) < 0) {
      return -Errno.EFAULT;
    }
    if (n < 1 || (int) id < 0) {
      return -Errno.EINVAL;
    }
    if (wait < 0) {
      return wait;
    }
    List<SemaphoreSet.Operation> operations = new ArrayList<>(n);
    int highest = 0;
    boolean undoes = false;
    boolean alters = false;
    for (int at = 0; at < raw.length; at += SEMBUF_SIZE) {
      int index = Bytes.getShort(raw, at) & 0xffff;
      int change = Bytes.getShort(raw, at + 2);
      int flags = Bytes.getShort(raw, at + 4);
      operations.add(new SemaphoreSet.Operation(index, change, flags));
      highest = Math.max(highest, index);
      undoes |= (flags & SemaphoreSet.SEM_UNDO) != 0;
      alters |= change != 0;
    }
    SemaphoreSet set = sets(t).byId((int) id);
    if (set == null) {
      return -Errno.EINVAL;
    }
    if (highest >= set.count()) {
      return -Errno.EFBIG;
    }
    if (!set.permits(t.creds, alters ? IpcObject.WRITE : IpcObject.READ)) {
      return -Errno.EACCES;
    }
    long deadline = timeout == 0 ? Task.NO_DEADLINE : Deadlines.after(wait);
    return set.operate(t, operations, undoes ? SemaphoreUndo.of(t) : null, deadline);
  }

  static long semctl(Task t, long id, long index, long command, long arg, long a4, long a5) {
    if ((int) id < 0) {
      return -Errno.EINVAL;
    }
    return switch ((int) command) {
      case IpcObject.IPC_INFO, SEM_INFO -> info(t, (int) command == SEM_INFO, arg);
      case IpcObject.IPC_STAT, SEM_STAT, SEM_STAT_ANY, IpcObject.IPC_SET, IpcObject.IPC_RMID ->
          IpcControl.control(t, sets(t), (int) id, (int) command, SEM_STAT, arg);
      case GETALL, SETALL, GETVAL, GETPID, GETNCNT, GETZCNT, SETVAL ->
          values(t, (int) id, (int) index, (int) command, arg);
      default -> -Errno.EINVAL;
    };
  }

  private static long info(Task t, boolean inUse, long arg) {
    byte[] b = new byte[SEMINFO_SIZE];
    int[] limits = {
      SysvIpc.SEMMNS,
      SysvIpc.SEMMNI,
      SysvIpc.SEMMNS,
      SysvIpc.SEMMNS,
      SysvIpc.SEMMSL,
      SysvIpc.SEMOPM,
      SysvIpc.SEMOPM,
      inUse ? sets(t).all().size() : UNDO_SIZE,
      SysvIpc.SEMVMX,
      inUse ? (int) semaphoresInUse(t) : SysvIpc.SEMVMX
    };
    for (int i = 0; i < limits.length; i++) {
      Bytes.putInt(b, 4 * i, limits[i]);
    }
    return t.mm.copyOut(arg, b, 0, b.length) < 0 ? -Errno.EFAULT : sets(t).highestIndex();
  }

  private static long values(Task t, int id, int index, int command, long arg) {
    int value = (int) arg;
    if (command == SETVAL && (value < 0 || value > SysvIpc.SEMVMX)) {
      return -Errno.ERANGE;
    }
    SemaphoreSet set = sets(t).byId(id);
    if (set == null) {
      return -Errno.EINVAL;
    }
    boolean inRange = index >= 0 && index < set.count();
    if (command == SETVAL && !inRange) {
      return -Errno.EINVAL;
    }
    boolean writes = command == SETVAL || command == SETALL;
    if (!set.permits(t.creds, writes ? IpcObject.WRITE : IpcObject.READ)) {
      return -Errno.EACCES;
    }
    if (command == GETALL) {
      byte[] b = new byte[2 * set.count()];
      for (int i = 0; i < set.count(); i++) {
        Bytes.putShort(b, 2 * i, set.value(i));
      }
      return t.mm.copyOut(arg, b, 0, b.length);
    }
    if (command == SETALL) {
      return setAll(t, set, arg);
    }
    if (!inRange) {
      return -Errno.EINVAL;
    }
    switch (command) {
      case GETVAL -> {
        return set.value(index);
      }
      case GETPID -> {
        return set.pid(index);
      }
      case GETNCNT -> {
        return set.waiters(index, false);
      }
      case GETZCNT -> {
        return set.waiters(index, true);
      }
      default -> {
        set.setValue(t, index, value);
        return 0;
      }
    }
  }

  private static long setAll(Task t, SemaphoreSet set, long arg) {
    byte[] b = new byte[2 * set.count()];
    if (t.mm.copyIn(arg, b, 0, b.length) < 0) {
      return -Errno.EFAULT;
    }
    int[] values = new int[set.count()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Bytes.getShort(b, 2 * i) & 0xffff;
      if (values[i] > SysvIpc.SEMVMX) {
        return -Errno.ERANGE;
      }
    }
    // Reading the guest's memory may have waited.
    if (sets(t).byId(set.id()) != set) {
      return -Errno.EIDRM;
    }
    set.setAll(t, values);
    return 0;
  }
}
