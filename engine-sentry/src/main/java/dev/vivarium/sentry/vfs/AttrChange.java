package dev.vivarium.sentry.vfs;

/**
 * The attributes that one chmod, chown, truncate or utimensat changes. Reused; {@link #clear}
 * first.
 */
public final class AttrChange {
  public static final int MODE = 1;
  public static final int UID = 2;
  public static final int GID = 4;
  public static final int SIZE = 8;
  public static final int ATIME = 16;
  public static final int MTIME = 32;

  /** Which of the fields below count. */
  public int set;

  public int mode;
  public int uid;
  public int gid;
  public long size;
  public long atimeNanos;
  public long mtimeNanos;

  public AttrChange clear() {
    set = 0;
    return this;
  }
}
