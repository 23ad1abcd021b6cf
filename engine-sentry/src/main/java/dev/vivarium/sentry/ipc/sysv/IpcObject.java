package dev.vivarium.sentry.ipc.sysv;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Credentials;
import java.util.Locale;

/**
 * Who made an object, whose it is, and what others may do with it: {@code struct kern_ipc_perm}.
 */
public abstract class IpcObject {
  // linux/ipc.h
  public static final int IPC_PRIVATE = 0;
  public static final int IPC_CREAT = 01000;
  public static final int IPC_EXCL = 02000;
  public static final int IPC_NOWAIT = 04000;
  public static final int IPC_RMID = 0;
  public static final int IPC_SET = 1;
  public static final int IPC_STAT = 2;
  public static final int IPC_INFO = 3;

  /** Bytes of {@code struct ipc64_perm}. */
  static final int PERM_SIZE = 48;

  public static final int READ = 0444;
  public static final int WRITE = 0222;

  int key;
  int id;
  int sequence;

  /** It is gone; who waited for it hears EIDRM. */
  boolean removed;

  private int uid;
  private int gid;
  private final int creatorUid;
  private final int creatorGid;

  /** Permission bits, and for shared memory SHM_DEST and SHM_LOCKED. */
  int mode;

  /** Last change by IPC_SET, or the making; in seconds. */
  long changeSeconds = now();

  protected IpcObject(Credentials c, int key, int mode) {
    this.key = key;
    this.mode = mode & 0777;
    this.uid = c.euid;
    this.gid = c.egid;
    this.creatorUid = c.euid;
    this.creatorGid = c.egid;
  }

  public final int id() {
    return id;
  }

  static long now() {
    return System.currentTimeMillis() / 1000;
  }

  /**
   * Whether a task may do what the bits in {@code wanted} say, given for any of the three classes.
   */
  public final boolean permits(Credentials c, int wanted) {
    int requested = wanted >> 6 | wanted >> 3 | wanted;
    int granted = mode;
    if (c.euid == creatorUid || c.euid == uid) {
      granted >>= 6;
    } else if (c.inGroup(creatorGid) || c.inGroup(gid)) {
      granted >>= 3;
    }
    return (requested & ~granted & 7) == 0 || c.capable(Capability.CAP_IPC_OWNER);
  }

  /** Whether a task may remove it or change its owner. */
  public final boolean isOwner(Credentials c) {
    return c.euid == creatorUid || c.euid == uid || c.capable(Capability.CAP_SYS_ADMIN);
  }

  /** Takes owner and mode from a {@code struct ipc64_perm} (IPC_SET). */
  final long setOwner(byte[] from) {
    int newUid = Bytes.getInt(from, 4);
    int newGid = Bytes.getInt(from, 8);
    if (newUid == -1 || newGid == -1) {
      return -Errno.EINVAL;
    }
    uid = newUid;
    gid = newGid;
    mode = mode & ~0777 | Bytes.getInt(from, 20) & 0777;
    changeSeconds = now();
    return 0;
  }

  /** Writes {@code struct ipc64_perm} to the start of {@code out}. */
  final void encodePermissions(byte[] out) {
    Bytes.putInt(out, 0, key);
    Bytes.putInt(out, 4, uid);
    Bytes.putInt(out, 8, gid);
    Bytes.putInt(out, 12, creatorUid);
    Bytes.putInt(out, 16, creatorGid);
    Bytes.putInt(out, 20, mode);
    Bytes.putShort(out, 24, sequence);
  }

  /** "uid gid cuid cgid" of a line of /proc/sysvipc. */
  final String owners() {
    return String.format(Locale.ROOT, "%5d %5d %5d %5d", uid, gid, creatorUid, creatorGid);
  }

  /** Its line of /proc/sysvipc. */
  public abstract String describe();

  /** The structure that the *_STAT commands copy out. */
  public abstract byte[] encode();

  /** IPC_SET, after the caller's rights have been checked. */
  public abstract long set(Credentials c, byte[] from);

  /** IPC_RMID. */
  public abstract void remove(SysvIpc ipc);
}
