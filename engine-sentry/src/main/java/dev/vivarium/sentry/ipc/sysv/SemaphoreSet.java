package dev.vivarium.sentry.ipc.sysv;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A set of semaphores. Operations that must wait stand in one queue; whoever changes a value
 * carries out, in their order, those that have become possible, so that a woken task finds its work
 * done.
 */
public final class SemaphoreSet extends IpcObject {
  public static final int SEM_UNDO = 0x1000;

  /** Bytes of {@code struct semid64_ds}. */
  private static final int SIZE = 104;

  private final int[] values;
  private final int[] pids;
  private final List<Waiting> waiting = new ArrayList<>();

  /** Processes that have something of this set to undo. */
  private final Set<SemaphoreUndo> undos = new LinkedHashSet<>();

  private long operationSeconds;

  /** One {@code struct sembuf}. */
  public record Operation(int index, int change, int flags) {
    boolean has(int flag) {
      return (flags & flag) != 0;
    }
  }

  /** A semop that waits. */
  private static final class Waiting {
    final Task task;
    final int pid;
    final List<Operation> operations;
    final @Nullable SemaphoreUndo undo;

    /** The operation that was not possible when it was last tried. */
    Operation blocking;

    boolean done;
    long result;

    Waiting(Task task, List<Operation> operations, @Nullable SemaphoreUndo undo, Operation first) {
      this.task = task;
      this.pid = task.group.pid();
      this.operations = operations;
      this.undo = undo;
      this.blocking = first;
    }

    void finish(long rc) {
      done = true;
      result = rc;
      task.wake();
    }
  }

  public SemaphoreSet(Credentials c, int key, int mode, int count) {
    super(c, key, mode);
    this.values = new int[count];
    this.pids = new int[count];
  }

  public int count() {
    return values.length;
  }

  public int value(int index) {
    return values[index];
  }

  /** Who changed or tested it last. */
  public int pid(int index) {
    return pids[index];
  }

  /** How many wait for it to become greater ({@code forZero}: zero). */
  public int waiters(int index, boolean forZero) {
    int count = 0;
    for (Waiting w : waiting) {
      if (w.blocking.index() == index && (w.blocking.change() == 0) == forZero) {
        count++;
      }
    }
    return count;
  }

  /** SETVAL. */
  public void setValue(Task t, int index, int value) {
    values[index] = value;
    pids[index] = t.group.pid();
    for (SemaphoreUndo u : undos) {
      u.forget(this, index);
    }
    changeSeconds = now();
    wakePossible();
  }

  /** SETALL; {@code all} are in range. */
  public void setAll(Task t, int[] all) {
    System.arraycopy(all, 0, values, 0, values.length);
    java.util.Arrays.fill(pids, t.group.pid());
    for (SemaphoreUndo u : undos) {
      u.forget(this);
    }
    changeSeconds = now();
    wakePossible();
  }

  /**
   * semop(2): all operations or none.
   *
   * @param undo of the caller's process; null if no operation asks for it
   * @return 0, -EAGAIN (an operation with IPC_NOWAIT, or the time is over), -EIDRM, -EINTR, -ERANGE
   */
  public long operate(
      Task t, List<Operation> operations, @Nullable SemaphoreUndo undo, long deadlineNanos) {
    if (undo != null) {
      undo.of(this);
      undos.add(undo);
    }
    int at = attempt(operations, t.group.pid(), undo);
    if (at == DONE) {
      wakePossible();
      return 0;
    }
    if (at < 0) {
      return at;
    }
    if (operations.get(at).has(IPC_NOWAIT)) {
      return -Errno.EAGAIN;
    }
    Waiting w = new Waiting(t, operations, undo, operations.get(at));
    waiting.add(w);
    while (!w.done) {
      long rc = t.sleepUntil(deadlineNanos);
      if (rc < 0 && !w.done) {
        waiting.remove(w);
        return rc == -Errno.ETIMEDOUT ? -Errno.EAGAIN : -Errno.EINTR;
      }
    }
    return w.result;
  }

  private static final int DONE = Integer.MAX_VALUE;

  /** Returns {@link #DONE}, the index of the operation that must wait, or -ERANGE. */
  private int attempt(List<Operation> operations, int pid, @Nullable SemaphoreUndo undo) {
    int i = 0;
    int failure = DONE;
    for (; i < operations.size(); i++) {
      Operation o = operations.get(i);
      int value = values[o.index()];
      if (o.change() == 0 ? value != 0 : value + o.change() < 0) {
        failure = i;
        break;
      }
      if (value + o.change() > SysvIpc.SEMVMX
          || o.has(SEM_UNDO) && undo != null && !undo.add(this, o.index(), -o.change())) {
        failure = -Errno.ERANGE;
        break;
      }
      values[o.index()] = value + o.change();
    }
    if (failure == DONE) {
      for (Operation o : operations) {
        pids[o.index()] = pid;
      }
      operationSeconds = now();
      return DONE;
    }
    while (--i >= 0) {
      Operation o = operations.get(i);
      values[o.index()] -= o.change();
      if (o.has(SEM_UNDO) && undo != null) {
        undo.add(this, o.index(), o.change());
      }
    }
    return failure;
  }

  /** Carries out what waits and has become possible. */
  private void wakePossible() {
    boolean again = !waiting.isEmpty();
    while (again) {
      again = false;
      for (Iterator<Waiting> it = waiting.iterator(); it.hasNext(); ) {
        Waiting w = it.next();
        int at = attempt(w.operations, w.pid, w.undo);
        if (at >= 0 && at != DONE && !w.operations.get(at).has(IPC_NOWAIT)) {
          w.blocking = w.operations.get(at);
          continue;
        }
        it.remove();
        w.finish(at == DONE ? 0 : at < 0 ? at : -Errno.EAGAIN);
        again |= at == DONE && w.operations.stream().anyMatch(o -> o.change() != 0);
      }
    }
  }

  /** A process ends that has something to undo here. */
  void undo(SemaphoreUndo undo, int[] changes, int pid) {
    undos.remove(undo);
    boolean any = false;
    for (int i = 0; i < changes.length; i++) {
      if (changes[i] != 0) {
        values[i] = Math.clamp(values[i] + changes[i], 0, SysvIpc.SEMVMX);
        pids[i] = pid;
        any = true;
      }
    }
    if (any) {
      operationSeconds = now();
      wakePossible();
    }
  }

  @Override
  public String describe() {
    return String.format(
        Locale.ROOT,
        "%10d %10d  %4o %10d %s %10d %10d",
        key,
        id,
        mode,
        values.length,
        owners(),
        operationSeconds,
        changeSeconds);
  }

  @Override
  public byte[] encode() {
    byte[] b = new byte[SIZE];
    encodePermissions(b);
    Bytes.putLong(b, 48, operationSeconds);
    Bytes.putLong(b, 64, changeSeconds);
    Bytes.putLong(b, 80, values.length);
    return b;
  }

  @Override
  public long set(Credentials c, byte[] from) {
    return setOwner(from);
  }

  @Override
  public void remove(SysvIpc ipc) {
    ipc.semaphores().remove(this);
    for (SemaphoreUndo u : undos) {
      u.forgetSet(this);
    }
    undos.clear();
    for (Waiting w : waiting) {
      w.finish(-Errno.EIDRM);
    }
    waiting.clear();
  }
}
