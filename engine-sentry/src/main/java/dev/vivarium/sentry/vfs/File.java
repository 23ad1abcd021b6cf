package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Uio;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An open file description: what descriptors made by dup and fork share. Reference-counted; {@link
 * #release} runs when the last reference goes.
 *
 * <p>Reads and writes move as much as they can and return the count, or a negative errno if nothing
 * moved. Where they would block they return -EAGAIN if O_NONBLOCK is set, else wait with {@link
 * Task#waitOn}.
 */
public abstract class File {
  private int refs = 1;
  private @Nullable List<Runnable> releaseHooks;

  /** The inode behind it; anonymous files (pipes, eventfd …) have one of a pseudo file system. */
  public final Inode inode;

  /** Where it was opened; null for anonymous files. */
  public final @Nullable VfsPath path;

  /**
   * Access mode and status flags: O_RDONLY/O_WRONLY/O_RDWR, O_APPEND, O_NONBLOCK, O_DIRECT, O_PATH
   * …
   */
  public int flags;

  /** F_SETOWN and F_SETSIG, kept and reported. */
  public int asyncOwner;

  public int asyncOwnerType;
  public int asyncSignal;

  /** What the watcher keeps for it. */
  public @Nullable Object watched;

  /** Whether opening it made the file that it is open to. */
  public boolean made;

  /** Who opened it by a path; null for what has none. */
  public @Nullable Credentials opener;

  /** The file position, used if {@link #isSeekable}. */
  public long position;

  protected File(Inode inode, @Nullable VfsPath path, int flags) {
    this.inode = inode;
    this.path = path;
    this.flags = flags;
    inode.opened();
  }

  /** Where it was opened; a place of its own if it is anonymous. */
  public final VfsPath where() {
    return path != null
        ? path
        : new VfsPath(inode.fs.internalMount(), Dentry.disconnected(inode.anonymousName(), inode));
  }

  public final File acquire() {
    refs++;
    return this;
  }

  /** How many references there are. */
  public final int references() {
    return refs;
  }

  /** Drops one reference. */
  public final void drop(Task t) {
    if (--refs == 0) {
      List<Runnable> hooks = releaseHooks;
      releaseHooks = null;
      if (hooks != null) {
        hooks.forEach(Runnable::run);
      }
      inode.releaseLocks(this);
      if (watched != null) {
        t.kernel().tellClosed(t, this);
      }
      Notify.closed(this);
      release(t);
      inode.closed(t);
    }
  }

  /** Has {@code hook} run when the last reference goes, before {@link #release} (epoll). */
  public final void addReleaseHook(Runnable hook) {
    if (releaseHooks == null) {
      releaseHooks = new ArrayList<>(1);
    }
    releaseHooks.add(hook);
  }

  public final void removeReleaseHook(Runnable hook) {
    if (releaseHooks != null) {
      releaseHooks.remove(hook);
    }
  }

  /** Called once, when nobody holds the file any more. */
  protected void release(Task t) {}

  /** Called at every close(2) of a descriptor of this file (record locks end here). */
  public void flush(Task t) {}

  public final boolean isReadable() {
    return (flags & (Fcntl.O_ACCMODE | Fcntl.O_PATH)) != Fcntl.O_WRONLY
        && (flags & Fcntl.O_PATH) == 0;
  }

  public final boolean isWritable() {
    return (flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY && (flags & Fcntl.O_PATH) == 0;
  }

  public final boolean isNonBlocking() {
    return (flags & Fcntl.O_NONBLOCK) != 0;
  }

  /** Whether lseek, pread and pwrite make sense here. */
  public boolean isSeekable() {
    return false;
  }

  /** Whether splice(2) and sendfile(2) can read it. */
  public boolean canSplice() {
    return isSeekable() && !inode.isDirectory();
  }

  /** Whether it can send SIGIO (FIOASYNC). */
  public boolean hasAsync() {
    return false;
  }

  /**
   * Whether {@link #read} and {@link #write} never wait, so that they can be answered without a
   * coroutine.
   */
  public boolean neverBlocks() {
    return false;
  }

  /**
   * Whether this one read would be done without waiting, whole or not at all, though others may
   * wait: then it can be answered without a coroutine too. Changes nothing of the file.
   */
  public boolean readsAtOnce(Uio dst) {
    return neverBlocks();
  }

  /** The same of a write. */
  public boolean writesAtOnce(Uio src) {
    return neverBlocks();
  }

  /**
   * Whether closing it, also for the last time, never waits, so that close(2) can be answered
   * without a coroutine.
   */
  public boolean closesAtOnce() {
    return false;
  }

  /**
   * Reads into {@code dst}.
   *
   * @param offset where in a seekable file; ignored by streams. The caller moves {@link #position}.
   */
  public long read(Task t, Uio dst, long offset) {
    return -Errno.EINVAL;
  }

  /**
   * Writes from {@code src}; for O_APPEND the caller passes the end of the file as {@code offset}.
   */
  public long write(Task t, Uio src, long offset) {
    return -Errno.EINVAL;
  }

  /** lseek(2); returns the new position. */
  public long seek(Task t, long offset, int whence) {
    return -Errno.ESPIPE;
  }

  /** Emits directory entries from {@link #position} on, moving it, until the sink is full. */
  public long readdir(Task t, DirSink sink) {
    return -Errno.ENOTDIR;
  }

  public long ioctl(Task t, int command, long argument) {
    return -Errno.ENOTTY;
  }

  /** Readiness now, as POLL* bits. */
  public int poll() {
    return Poll.IN | Poll.OUT | Poll.RDNORM | Poll.WRNORM;
  }

  /** Woken when {@link #poll} may have changed; null if it never changes. */
  public @Nullable WaitQueue pollQueue() {
    return null;
  }

  /** What mmap maps; null if this file cannot be mapped (-ENODEV). */
  public @Nullable Mappable mappable() {
    return null;
  }

  /**
   * Whether shared mappings may write to it, as far as the file is concerned (seals of a memfd).
   */
  public boolean allowsSharedWrites() {
    return true;
  }

  public long truncate(Task t, long size) {
    return inode.setattr(t, sizeChange(size));
  }

  private static AttrChange sizeChange(long size) {
    AttrChange change = new AttrChange();
    change.set = AttrChange.SIZE;
    change.size = size;
    return change;
  }

  /** fallocate(2), mode as there. */
  public long allocate(Task t, int mode, long offset, long length) {
    return -Errno.EOPNOTSUPP;
  }

  public long sync(Task t) {
    return 0;
  }
}
