package dev.vivarium.sentry.vfs;

/** The advisory locks on one inode: record locks of fcntl(2) and whole-file locks of flock(2). */
public final class FileLocks {
  /** Drops every lock of an owner: a process's descriptor table, or an open file. */
  public void release(Object owner) {}
}
