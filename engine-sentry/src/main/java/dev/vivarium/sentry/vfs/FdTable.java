package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The descriptors of a process. Tasks that share it (CLONE_FILES) each hold a reference: {@link
 * #share} and {@link #release}.
 */
public final class FdTable {
  /** How many a new process has room for (NR_OPEN_DEFAULT). */
  private static final int START = 64;

  /** A table that grew has a multiple of this (alloc_fdtable in fs/file.c). */
  private static final int GROWTH = 128;

  private @Nullable File[] files = new File[START];
  private final BitSet open = new BitSet();
  private final BitSet closeOnExec = new BitSet();
  private int users = 1;

  /** One past the highest descriptor that may be handed out: the soft RLIMIT_NOFILE. */
  private int limit = 1024;

  public int limit() {
    return limit;
  }

  /** Told by setrlimit(2). */
  public void setLimit(long softLimit) {
    limit = (int) Math.max(0, Math.min(softLimit, 1 << 20));
  }

  /**
   * The file of a descriptor, borrowed; null if it is not open, or open with O_PATH: -EBADF for all
   * that works on open files.
   */
  public @Nullable File get(int fd) {
    File f = getAny(fd);
    return f != null && (f.flags & Fcntl.O_PATH) != 0 ? null : f;
  }

  /** The file of a descriptor, borrowed, also one opened with O_PATH; null if it is not open. */
  public @Nullable File getAny(int fd) {
    return fd >= 0 && fd < files.length ? files[fd] : null;
  }

  /**
   * Gives a file the lowest free descriptor from {@code min} on. The table takes over the caller's
   * reference, unless it fails.
   *
   * @return the descriptor, or -EMFILE
   */
  public int install(File f, boolean cloexec, int min) {
    int fd = open.nextClearBit(min);
    if (fd >= limit) {
      return -Errno.EMFILE;
    }
    put(fd, f, cloexec);
    return fd;
  }

  /** Whether {@link #install} would find a free descriptor. */
  public boolean hasRoom() {
    return open.nextClearBit(0) < limit;
  }

  /**
   * Puts a file at a descriptor, closing what was there (dup2). The table takes over the caller's
   * reference, unless it fails.
   *
   * @return {@code fd}, or -EBADF if it is beyond the limit
   */
  public int installAt(Task t, int fd, File f, boolean cloexec) {
    if (fd < 0 || fd >= limit) {
      return -Errno.EBADF;
    }
    File old = getAny(fd);
    put(fd, f, cloexec);
    if (old != null) {
      closed(t, old);
    }
    return fd;
  }

  private void put(int fd, File f, boolean cloexec) {
    if (fd >= files.length) {
      files = Arrays.copyOf(files, capacityFor(fd));
    }
    files[fd] = f;
    open.set(fd);
    closeOnExec.set(fd, cloexec);
  }

  private static int capacityFor(int fd) {
    if (fd < START) {
      return START;
    }
    return fd < GROWTH ? GROWTH : GROWTH * 2 * Integer.highestOneBit(fd / GROWTH);
  }

  /**
   * How many descriptors the table has room for now: FDSize in /proc/PID/status, and as far as
   * select(2) looks. Linux's sizes, since programs can see them.
   */
  public int capacity() {
    return files.length;
  }

  /** close(2): 0 or -EBADF. */
  public long close(Task t, int fd) {
    File f = getAny(fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (!f.closesAtOnce()) {
      t.needCoroutine();
    }
    take(fd);
    return closed(t, f);
  }

  private void take(int fd) {
    files[fd] = null;
    open.clear(fd);
    closeOnExec.clear(fd);
  }

  private long closed(Task t, File f) {
    f.flush(t);
    f.inode.releaseLocks(this);
    f.drop(t);
    return 0;
  }

  public boolean isCloseOnExec(int fd) {
    return closeOnExec.get(fd);
  }

  public void setCloseOnExec(int fd, boolean cloexec) {
    closeOnExec.set(fd, cloexec);
  }

  /** The lowest open descriptor from {@code from} on, or -1. */
  public int next(int from) {
    return open.nextSetBit(from);
  }

  /** How many descriptors are open. */
  public int count() {
    return open.cardinality();
  }

  /** Closes what execve(2) closes. */
  public void closeOnExec(Task t) {
    for (int fd = closeOnExec.nextSetBit(0); fd >= 0; fd = closeOnExec.nextSetBit(fd + 1)) {
      close(t, fd);
    }
  }

  /** A copy with the same files, as fork(2) without CLONE_FILES makes it. */
  public FdTable fork() {
    FdTable copy = new FdTable();
    copy.files = Arrays.copyOf(files, capacityFor(open.length() - 1));
    copy.open.or(open);
    copy.closeOnExec.or(closeOnExec);
    copy.limit = limit;
    for (File f : copy.files) {
      if (f != null) {
        f.acquire();
      }
    }
    return copy;
  }

  /** One more task uses this table. */
  public FdTable share() {
    users++;
    return this;
  }

  /** Whether more than one task uses it (execve then takes a copy). */
  public boolean isShared() {
    return users > 1;
  }

  /** A task that used this table ends or leaves it; the last one closes everything. */
  public void release(Task t) {
    if (--users > 0) {
      return;
    }
    for (int fd = open.nextSetBit(0); fd >= 0; fd = open.nextSetBit(fd + 1)) {
      close(t, fd);
    }
  }
}
