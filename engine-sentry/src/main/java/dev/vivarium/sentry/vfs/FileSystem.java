package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/** One mounted instance of a file system (a superblock). */
public abstract class FileSystem {
  /** Dentries that are kept although nobody uses them. */
  private static final int KEPT_DENTRIES = 8192;

  /** {@code st_dev} of its inodes, in Linux's {@code makedev} encoding. */
  public final long dev;

  private final DentryCache dentries;
  private @Nullable Dentry rootDentry;
  private @Nullable Mount internalMount;

  protected FileSystem(long dev) {
    this(dev, KEPT_DENTRIES);
  }

  /**
   * @param keptDentries how many dentries to keep although nobody uses them
   */
  protected FileSystem(long dev, int keptDentries) {
    this.dev = dev;
    this.dentries = new DentryCache(keptDentries);
  }

  /** The type as /proc/mounts shows it: tmpfs, proc, overlay … */
  public abstract String typeName();

  /** {@code f_type} of statfs(2) (linux/magic.h). */
  public abstract long magic();

  public abstract Inode root();

  public boolean isReadOnly() {
    return false;
  }

  /** Whether its files are shared memory (tmpfs, System V) and not a cache of anything. */
  public boolean keepsFilesInMemory() {
    return false;
  }

  /** Whether nobody can make names in it, so that one that is not there is an error at once. */
  public boolean hasFixedNames() {
    return false;
  }

  /** Options as /proc/mounts shows them after "rw", each with its comma: {@code ",size=1024k"}. */
  public String showOptions() {
    return "";
  }

  /** Fills in statfs(2); {@code out} has the type, the block size and the limits of names set. */
  public long statfs(Task t, Statfs out) {
    return 0;
  }

  public final DentryCache dentries() {
    return dentries;
  }

  /** The dentry of {@link #root}: one, whatever the mounts. */
  public final Dentry rootDentry() {
    Dentry d = rootDentry;
    if (d == null) {
      d = Dentry.root(root());
      rootDentry = d;
    }
    return d;
  }

  /** The mount of what is in no mount namespace: pipes, lower layers of an overlay, memfds. */
  public final Mount internalMount() {
    Mount m = internalMount;
    if (m == null) {
      m = new Mount(0, this, rootDentry(), "none", 0);
      internalMount = m;
    }
    return m;
  }

  /** What statfs(2) tells, in blocks of {@link #blockSize}. */
  public static final class Statfs {
    public long type;
    public long blockSize = 4096;
    public long blocks;
    public long blocksFree;
    public long blocksAvailable;
    public long files;
    public long filesFree;
    public long fsid;
    public long nameLength = 255;
    public long fragmentSize = 4096;
    public long flags;
  }
}
