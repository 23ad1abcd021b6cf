package dev.vivarium.sentry.vfs;

/** One mounted instance of a file system (a superblock). */
public abstract class FileSystem {
  /** {@code st_dev} of its inodes, in Linux's {@code makedev} encoding. */
  public final long dev;

  protected FileSystem(long dev) {
    this.dev = dev;
  }

  /** The type as /proc/mounts shows it: tmpfs, proc, overlay … */
  public abstract String typeName();

  /** {@code f_type} of statfs(2) (linux/magic.h). */
  public abstract long magic();

  public abstract Inode root();

  public boolean isReadOnly() {
    return false;
  }
}
