package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.kernel.Task;

/**
 * Opens what no file system opens by itself: FIFOs and device nodes, which mean the same wherever
 * their inode lies. The kernel has one.
 */
public interface SpecialFiles {
  /**
   * Opens the FIFO or device that {@code inode} stands for (by its mode and {@code rdev}); as
   * {@link Inode#open}. Sockets cannot be opened: -ENXIO.
   */
  long open(Task t, Inode inode, VfsPath path, int flags, FileRef out);
}
