package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.kernel.WaitQueue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The advisory locks on one inode: record locks of fcntl(2), which belong to a process (its
 * descriptor table) or to an open file, and whole-file locks of flock(2), which belong to an open
 * file. The two kinds do not see each other.
 */
public final class FileLocks {
  /**
   * A record lock.
   *
   * @param pid shown by F_GETLK; -1 for an open file's
   * @param end one past the last byte; {@code Long.MAX_VALUE} to the end of the file
   */
  public record Lock(Object owner, int pid, boolean write, long start, long end) {
    private boolean overlaps(long from, long to) {
      return start < to && from < end;
    }

    private Lock cut(long from, long to) {
      return new Lock(owner, pid, write, from, to);
    }
  }

  private record Whole(File owner, int pid, boolean exclusive) {}

  private final List<Lock> records = new ArrayList<>();
  private final List<Whole> wholes = new ArrayList<>();
  private final WaitQueue queue = new WaitQueue();

  /** Woken when a lock was dropped or made weaker. */
  public WaitQueue queue() {
    return queue;
  }

  /** A record lock that keeps the owner from having this one; null if there is none. */
  public @Nullable Lock conflict(Object owner, boolean write, long start, long end) {
    for (Lock l : records) {
      if (l.owner() != owner && (write || l.write()) && l.overlaps(start, end)) {
        return l;
      }
    }
    return null;
  }

  /** Gives the owner a record lock in place of what it has there; there must be no conflict. */
  public void lock(Object owner, int pid, boolean write, long start, long end) {
    clear(owner, start, end);
    long from = start;
    long to = end;
    // Neighbours of the same kind become one.
    for (int i = records.size() - 1; i >= 0; i--) {
      Lock l = records.get(i);
      if (l.owner() == owner && l.write() == write && (l.end() == from || l.start() == to)) {
        from = Math.min(from, l.start());
        to = Math.max(to, l.end());
        records.remove(i);
      }
    }
    records.add(new Lock(owner, pid, write, from, to));
    queue.wake(0);
  }

  /** Drops what the owner has of a range. */
  public void unlock(Object owner, long start, long end) {
    if (clear(owner, start, end)) {
      queue.wake(0);
    }
  }

  private boolean clear(Object owner, long start, long end) {
    List<Lock> rest = new ArrayList<>();
    boolean any = false;
    for (int i = records.size() - 1; i >= 0; i--) {
      Lock l = records.get(i);
      if (l.owner() == owner && l.overlaps(start, end)) {
        any = true;
        records.remove(i);
        if (l.start() < start) {
          rest.add(l.cut(l.start(), start));
        }
        if (l.end() > end) {
          rest.add(l.cut(end, l.end()));
        }
      }
    }
    records.addAll(rest);
    return any;
  }

  /** Takes a whole-file lock, in place of the one that the file has; false if others forbid it. */
  public boolean lockWhole(File owner, int pid, boolean exclusive) {
    for (Whole w : wholes) {
      if (w.owner() != owner && (exclusive || w.exclusive())) {
        return false;
      }
    }
    unlockWhole(owner);
    wholes.add(new Whole(owner, pid, exclusive));
    return true;
  }

  public void unlockWhole(File owner) {
    if (wholes.removeIf(w -> w.owner() == owner)) {
      queue.wake(0);
    }
  }

  /**
   * Adds their lines of /proc/locks.
   *
   * @param place device and number of the inode as they are shown there
   * @return the number of the next line
   */
  public int describe(String place, int first, StringBuilder out) {
    int number = first;
    for (Whole w : wholes) {
      line(out, number++, "FLOCK ", w.exclusive(), w.pid(), place).append("0 EOF\n");
    }
    for (Lock l : records) {
      line(out, number++, l.pid() < 0 ? "OFDLCK" : "POSIX ", l.write(), l.pid(), place);
      out.append(l.start()).append(' ');
      out.append(l.end() == Long.MAX_VALUE ? "EOF" : Long.toString(l.end() - 1)).append('\n');
    }
    return number;
  }

  private static StringBuilder line(
      StringBuilder out, int number, String kind, boolean write, int pid, String place) {
    out.append(number).append(": ").append(kind).append(" ADVISORY  ");
    out.append(write ? "WRITE " : "READ  ").append(pid).append(' ').append(place);
    return out.append(' ');
  }

  /** Drops every lock of an owner: a process's descriptor table, or an open file. */
  public void release(Object owner) {
    boolean any = wholes.removeIf(w -> w.owner() == owner);
    any |= records.removeIf(l -> l.owner() == owner);
    if (any) {
      queue.wake(0);
    }
  }
}
