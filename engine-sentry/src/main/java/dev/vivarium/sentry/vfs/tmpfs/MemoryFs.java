package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import org.jspecify.annotations.Nullable;

/** What tmpfs and the overlay have in common: inodes in memory, and a budget for them. */
public abstract class MemoryFs extends FileSystem {
  private final MemoryFile memory;
  private final MemoryBudget budget;
  private long lastIno;

  protected MemoryFs(long dev, MemoryFile memory, MemoryBudget budget, long firstIno) {
    super(dev);
    this.memory = memory;
    this.budget = budget;
    this.lastIno = firstIno - 1;
  }

  public final MemoryFile memory() {
    return memory;
  }

  public final MemoryBudget budget() {
    return budget;
  }

  /** One past the highest inode number given so far. */
  public final long inoBound() {
    return lastIno + 1;
  }

  final long nextIno() {
    return ++lastIno;
  }

  /** A new, empty content. */
  protected final PagedContent newContent() {
    return new PagedContent(memory, budget);
  }

  /** Called before an inode is changed in any way; the overlay keeps changed ones. */
  protected void changing(MemInode inode) {}

  /** Called when an inode is gone for good. */
  protected void evicted(MemInode inode) {}

  /** The inode of a read-only file system that this one shows, if it is one of an overlay. */
  protected @Nullable Inode originalOf(MemInode inode) {
    return null;
  }

  @Override
  public long statfs(Task t, Statfs out) {
    out.blocks = budget.maxBytes() / out.blockSize;
    out.blocksFree = Math.max(0, budget.maxBytes() - budget.usedBytes()) / out.blockSize;
    out.blocksAvailable = out.blocksFree;
    out.files = budget.maxInodes();
    out.filesFree = budget.maxInodes() - budget.usedInodes();
    return 0;
  }
}
