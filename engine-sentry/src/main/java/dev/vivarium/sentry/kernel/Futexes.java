package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.memory.GuestMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Those who wait for a word of guest memory to change.
 *
 * <p>A waiter reads the word and queues itself without a wait in between, and a waker changes the
 * word before it calls; both calls run on the kernel thread. So a waiter either sees the change or
 * is in the queue when the waker looks.
 */
public final class Futexes {
  public static final int BITSET_ANY = -1;

  /** Bits of the word of PI and robust futexes (linux/futex.h). */
  public static final int FUTEX_WAITERS = 0x80000000;

  public static final int FUTEX_OWNER_DIED = 0x40000000;
  public static final int FUTEX_TID_MASK = 0x3fffffff;

  /** One word, the same for all who share it. */
  record Key(@Nullable Object space, long address) {
    @Override
    public int hashCode() {
      return System.identityHashCode(space) * 31 + Long.hashCode(address);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key k && k.space == space && k.address == address;
    }
  }

  /** One task that waits for one word. */
  static final class Waiter {
    final Task task;
    final int bitset;

    /** Where it waits; requeue changes it; null once it has been woken. */
    @Nullable Key key;

    /** For FUTEX_LOCK_PI: it is handed the lock, not just woken. */
    final boolean wantsLock;

    Waiter(Task task, Key key, int bitset, boolean wantsLock) {
      this.task = task;
      this.key = key;
      this.bitset = bitset;
      this.wantsLock = wantsLock;
    }
  }

  private final Map<Key, ArrayDeque<Waiter>> queues = new HashMap<>();
  private @Nullable Key keyFound;

  /** Finds the key of a word and leaves it in {@link #keyFound}; 0 or a negative errno. */
  private long findKey(Task t, long address, boolean isPrivate) {
    if ((address & 3) != 0) {
      return -Errno.EINVAL;
    }
    if (!GuestMemory.isUser(address, Integer.BYTES)) {
      return -Errno.EFAULT;
    }
    if (!isPrivate) {
      long shared = t.mm.sharedKey(address);
      if (shared >= 0) {
        keyFound = new Key(null, shared);
        return 0;
      }
      if (shared != -1) {
        return shared;
      }
    }
    keyFound = new Key(t.mm, address);
    return 0;
  }

  private Key found() {
    Key key = keyFound;
    if (key == null) {
      throw new IllegalStateException("no key was looked for");
    }
    return key;
  }

  private void enqueue(Key key, Waiter w) {
    queues.computeIfAbsent(key, k -> new ArrayDeque<>(2)).addLast(w);
  }

  private void dequeue(Waiter w) {
    Key key = w.key;
    if (key == null) {
      return;
    }
    w.key = null;
    ArrayDeque<Waiter> queue = queues.get(key);
    if (queue != null) {
      queue.remove(w);
      if (queue.isEmpty()) {
        queues.remove(key);
      }
    }
  }

  /**
   * FUTEX_WAIT and FUTEX_WAIT_BITSET.
   *
   * @return 0 woken; -EAGAIN the word is not {@code expected}; -ETIMEDOUT; -ERESTARTSYS
   */
  public long await(
      Task t, long address, boolean isPrivate, int expected, int bitset, long deadlineNanos) {
    if (bitset == 0) {
      return -Errno.EINVAL;
    }
    long rc = findKey(t, address, isPrivate);
    if (rc < 0) {
      return rc;
    }
    Key key = found();
    int value = t.mm.readIntVolatile(address);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if (value != expected) {
      return -Errno.EAGAIN;
    }
    Waiter w = new Waiter(t, key, bitset, false);
    enqueue(key, w);
    while (w.key != null) {
      rc = t.sleepUntil(deadlineNanos);
      if (rc < 0 && w.key != null) {
        dequeue(w);
        return rc;
      }
    }
    return 0;
  }

  /** One entry of futex_waitv(2). */
  public record Vector(long address, int expected, boolean isPrivate) {}

  /** Waits for any of several words; returns the index of the one that was woken. */
  public long awaitAny(Task t, List<Vector> words, long deadlineNanos) {
    List<Waiter> waiters = new ArrayList<>(words.size());
    long result = 0;
    for (Vector v : words) {
      result = findKey(t, v.address, v.isPrivate);
      if (result == 0) {
        // The read may wait for memory, and somebody may wake an earlier word meanwhile; that word
        // has then been taken out of its queue, and the search below finds it.
        int value = t.mm.readIntVolatile(v.address);
        result = t.mm.error() != 0 ? -Errno.EFAULT : value != v.expected ? -Errno.EAGAIN : 0;
      }
      if (result < 0) {
        break;
      }
      Key key = found();
      Waiter w = new Waiter(t, key, BITSET_ANY, false);
      waiters.add(w);
      enqueue(key, w);
    }
    int woken = indexOfWoken(waiters);
    while (result == 0 && woken < 0) {
      result = t.sleepUntil(deadlineNanos);
      woken = indexOfWoken(waiters);
    }
    for (Waiter w : waiters) {
      dequeue(w);
    }
    return woken >= 0 ? woken : result;
  }

  private static int indexOfWoken(List<Waiter> waiters) {
    for (int i = 0; i < waiters.size(); i++) {
      if (waiters.get(i).key == null) {
        return i;
      }
    }
    return -1;
  }

  /** Whether a word can be a futex: 0, -EINVAL or -EFAULT. */
  public long check(Task t, long address, boolean isPrivate) {
    return findKey(t, address, isPrivate);
  }

  /** FUTEX_WAKE by the kernel itself: the word may be private or shared. */
  long wake(Task t, long address, int count) {
    return wake(t, address, false, count, BITSET_ANY);
  }

  /** FUTEX_WAKE and FUTEX_WAKE_BITSET; returns how many were woken. */
  public long wake(Task t, long address, boolean isPrivate, int count, int bitset) {
    if (bitset == 0) {
      return -Errno.EINVAL;
    }
    long rc = findKey(t, address, isPrivate);
    if (rc < 0) {
      return rc;
    }
    return wakeKey(found(), count, bitset);
  }

  private long wakeKey(Key key, int count, int bitset) {
    ArrayDeque<Waiter> queue = queues.get(key);
    if (queue == null) {
      return 0;
    }
    long woken = 0;
    for (Iterator<Waiter> it = queue.iterator(); it.hasNext() && woken < Math.max(count, 1); ) {
      Waiter w = it.next();
      if (w.wantsLock) {
        return woken > 0 ? woken : -Errno.EINVAL;
      }
      if ((w.bitset & bitset) != 0) {
        it.remove();
        w.key = null;
        w.task.wake();
        woken++;
      }
    }
    if (queue.isEmpty()) {
      queues.remove(key);
    }
    return woken;
  }

  /** FUTEX_REQUEUE and, with {@code compare}, FUTEX_CMP_REQUEUE. */
  public long requeue(
      Task t,
      long from,
      boolean fromPrivate,
      long to,
      boolean toPrivate,
      int wakeCount,
      int requeueCount,
      boolean compare,
      int expected) {
    if (wakeCount < 0 || requeueCount < 0) {
      return -Errno.EINVAL;
    }
    long rc = findKey(t, from, fromPrivate);
    if (rc < 0) {
      return rc;
    }
    Key source = found();
    rc = findKey(t, to, toPrivate);
    if (rc < 0) {
      return rc;
    }
    Key target = found();
    if (compare) {
      int value = t.mm.readIntVolatile(from);
      if (t.mm.error() != 0) {
        return -Errno.EFAULT;
      }
      if (value != expected) {
        return -Errno.EAGAIN;
      }
    }
    long woken = wakeCount == 0 ? 0 : wakeKey(source, wakeCount, BITSET_ANY);
    if (woken < 0) {
      return woken;
    }
    long moved = 0;
    ArrayDeque<Waiter> queue = queues.get(source);
    if (queue != null && !source.equals(target)) {
      while (moved < requeueCount && !queue.isEmpty()) {
        Waiter w = queue.pollFirst();
        w.key = target;
        enqueue(target, w);
        moved++;
      }
      if (queue.isEmpty()) {
        queues.remove(source);
      }
    }
    return woken + moved;
  }

  /** FUTEX_WAKE_OP: changes the second word, wakes at the first, and at the second if it was so. */
  public long wakeOp(
      Task t, long first, long second, boolean isPrivate, int count, int count2, int operation) {
    long rc = findKey(t, first, isPrivate);
    if (rc < 0) {
      return rc;
    }
    Key key1 = found();
    rc = findKey(t, second, isPrivate);
    if (rc < 0) {
      return rc;
    }
    Key key2 = found();
    int op = operation >> 28 & 7;
    int cmp = operation >> 24 & 15;
    int opArg = operation << 8 >> 20;
    int cmpArg = operation << 20 >> 20;
    if ((operation & 0x80000000) != 0) {
      opArg = 1 << (opArg & 31);
    }
    int old;
    for (; ; ) {
      old = t.mm.readIntVolatile(second);
      if (t.mm.error() != 0) {
        return -Errno.EFAULT;
      }
      int replacement;
      switch (op) {
        case 0 -> replacement = opArg;
        case 1 -> replacement = old + opArg;
        case 2 -> replacement = old | opArg;
        case 3 -> replacement = old & ~opArg;
        case 4 -> replacement = old ^ opArg;
        default -> {
          return -Errno.ENOSYS;
        }
      }
      int seen = t.mm.compareAndSetInt(second, old, replacement);
      if (t.mm.error() != 0) {
        return -Errno.EFAULT;
      }
      if (seen == old) {
        break;
      }
    }
    boolean holds;
    switch (cmp) {
      case 0 -> holds = old == cmpArg;
      case 1 -> holds = old != cmpArg;
      case 2 -> holds = old < cmpArg;
      case 3 -> holds = old <= cmpArg;
      case 4 -> holds = old > cmpArg;
      case 5 -> holds = old >= cmpArg;
      default -> {
        return -Errno.ENOSYS;
      }
    }
    long woken = wakeKey(key1, count, BITSET_ANY);
    if (woken >= 0 && holds) {
      long more = wakeKey(key2, count2, BITSET_ANY);
      return more < 0 ? more : woken + more;
    }
    return woken;
  }

  /** FUTEX_LOCK_PI and FUTEX_TRYLOCK_PI, without inheritance: there are no priorities. */
  public long lockPi(Task t, long address, boolean isPrivate, boolean tryOnly, long deadlineNanos) {
    long rc = findKey(t, address, isPrivate);
    if (rc < 0) {
      return rc;
    }
    Key key = found();
    for (; ; ) {
      int value = t.mm.readIntVolatile(address);
      if (t.mm.error() != 0) {
        return -Errno.EFAULT;
      }
      int owner = value & FUTEX_TID_MASK;
      if (owner == t.tid()) {
        return -Errno.EDEADLK;
      }
      if (owner == 0) {
        int taken = value & (FUTEX_OWNER_DIED | FUTEX_WAITERS) | t.tid();
        int seen = t.mm.compareAndSetInt(address, value, taken);
        if (t.mm.error() != 0) {
          return -Errno.EFAULT;
        }
        if (seen == value) {
          return 0;
        }
        continue;
      }
      if (t.kernel().pids().task(owner) == null) {
        return -Errno.ESRCH;
      }
      if (tryOnly) {
        return -Errno.EAGAIN;
      }
      if ((value & FUTEX_WAITERS) == 0) {
        int seen = t.mm.compareAndSetInt(address, value, value | FUTEX_WAITERS);
        if (t.mm.error() != 0) {
          return -Errno.EFAULT;
        }
        if (seen != value) {
          continue;
        }
      }
      Waiter w = new Waiter(t, key, BITSET_ANY, true);
      enqueue(key, w);
      while (w.key != null) {
        rc = t.sleepUntil(deadlineNanos);
        if (rc < 0 && w.key != null) {
          dequeue(w);
          // Linux goes on with the same deadline, which is absolute.
          return rc == -Errno.ETIMEDOUT ? rc : -Errno.ERESTARTNOINTR;
        }
      }
      return 0; // it was handed to this task
    }
  }

  /** FUTEX_UNLOCK_PI: hands the lock to the one that has waited longest. */
  public long unlockPi(Task t, long address, boolean isPrivate) {
    // Whose it is counts before whether it can be a futex at all.
    int value = (address & 3) == 0 ? t.mm.readIntVolatile(address) : t.mm.readInt(address);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if ((value & FUTEX_TID_MASK) != t.tid()) {
      return -Errno.EPERM;
    }
    long rc = findKey(t, address, isPrivate);
    if (rc < 0) {
      return rc;
    }
    return handOver(t, found(), address, 0);
  }

  private long handOver(Task t, Key key, long address, int extraBits) {
    ArrayDeque<Waiter> queue = queues.get(key);
    Waiter next = queue == null ? null : queue.peekFirst();
    if (next == null || !next.wantsLock) {
      return t.mm.writeInt(address, extraBits);
    }
    int more = queue.size() > 1 ? FUTEX_WAITERS : 0;
    long rc = t.mm.writeInt(address, next.task.tid() | more | extraBits);
    if (rc == 0) {
      dequeue(next);
      next.task.wake();
    }
    return rc;
  }

  /** A task ends that holds this robust futex (kernel/futex/core.c handle_futex_death). */
  void ownerDied(Task t, long address, boolean isPi, boolean pendingOperation) {
    if ((address & 3) != 0) {
      return;
    }
    for (; ; ) {
      int value = t.mm.readIntVolatile(address);
      if (t.mm.error() != 0) {
        return;
      }
      int owner = value & FUTEX_TID_MASK;
      if (pendingOperation && !isPi && owner == 0) {
        wake(t, address, 1);
        return;
      }
      if (owner != t.tid()) {
        return;
      }
      if (isPi && (value & FUTEX_WAITERS) != 0 && findKey(t, address, false) == 0) {
        handOver(t, found(), address, FUTEX_OWNER_DIED);
        return;
      }
      int dead = value & FUTEX_WAITERS | FUTEX_OWNER_DIED;
      int seen = t.mm.compareAndSetInt(address, value, dead);
      if (t.mm.error() != 0) {
        return;
      }
      if (seen == value) {
        if (!isPi && (value & FUTEX_WAITERS) != 0) {
          wake(t, address, 1);
        }
        return;
      }
    }
  }
}
