package dev.vivarium.sentry.vfs;

import org.jspecify.annotations.Nullable;

/** Where an operation that returns an errno leaves the inode that it found or made. */
public final class InodeRef {
  public @Nullable Inode inode;

  /** The dentry, where an operation finds one. */
  @Nullable Dentry dentry;

  /** A negative errno, where an operation returns something else. */
  public long errno;
}
