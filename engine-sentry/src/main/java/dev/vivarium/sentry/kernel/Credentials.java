package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Capability;
import java.util.Arrays;

/**
 * User and group identities and capabilities of a task; immutable, shared. A change makes a copy
 * ({@link #edit}) which replaces the task's whole.
 */
public final class Credentials {
  /** What a container's root gets by default: the set of the OCI runtimes. */
  public static final long CONTAINER_CAPABILITIES =
      bits(
          Capability.CAP_CHOWN,
          Capability.CAP_DAC_OVERRIDE,
          Capability.CAP_FOWNER,
          Capability.CAP_FSETID,
          Capability.CAP_KILL,
          Capability.CAP_SETGID,
          Capability.CAP_SETUID,
          Capability.CAP_SETPCAP,
          Capability.CAP_NET_BIND_SERVICE,
          Capability.CAP_NET_RAW,
          Capability.CAP_SYS_CHROOT,
          Capability.CAP_MKNOD,
          Capability.CAP_AUDIT_WRITE,
          Capability.CAP_SETFCAP);

  private static final int[] NO_GROUPS = {};

  public final int ruid;
  public final int euid;
  public final int suid;
  public final int fsuid;
  public final int rgid;
  public final int egid;
  public final int sgid;
  public final int fsgid;
  private final int[] groups;

  public final long permitted;
  public final long effective;
  public final long inheritable;
  public final long bounding;
  public final long ambient;
  public final int securebits;

  /** PR_SET_NO_NEW_PRIVS: execve grants nothing. */
  public final boolean noNewPrivs;

  private Credentials(Editor e) {
    ruid = e.ruid;
    euid = e.euid;
    suid = e.suid;
    fsuid = e.fsuid;
    rgid = e.rgid;
    egid = e.egid;
    sgid = e.sgid;
    fsgid = e.fsgid;
    groups = e.groups;
    permitted = e.permitted;
    effective = e.effective;
    inheritable = e.inheritable;
    bounding = e.bounding;
    ambient = e.ambient;
    securebits = e.securebits;
    noNewPrivs = e.noNewPrivs;
  }

  /** Credentials of a first process: all ids equal; root gets {@code capabilities}, others none. */
  public static Credentials of(int uid, int gid, int[] groups, long capabilities) {
    Editor e = new Editor();
    e.ruid = e.euid = e.suid = e.fsuid = uid;
    e.rgid = e.egid = e.sgid = e.fsgid = gid;
    e.groups = groups.length == 0 ? NO_GROUPS : sorted(groups);
    e.bounding = capabilities;
    if (uid == 0) {
      e.permitted = capabilities;
      e.effective = capabilities;
    }
    return e.done();
  }

  /** Root with every capability: the kernel's own. */
  public static Credentials kernel() {
    return of(0, 0, NO_GROUPS, Capability.ALL);
  }

  public boolean capable(int capability) {
    return (effective & 1L << capability) != 0;
  }

  /** Whether {@code gid} is the file-system group or a supplementary one. */
  public boolean inGroup(int gid) {
    return gid == fsgid || Arrays.binarySearch(groups, gid) >= 0;
  }

  /** Whether {@code gid} is the effective group or a supplementary one. */
  public boolean inEffectiveGroup(int gid) {
    return gid == egid || Arrays.binarySearch(groups, gid) >= 0;
  }

  public int groupCount() {
    return groups.length;
  }

  /** Supplementary groups, in ascending order. */
  public int groupAt(int index) {
    return groups[index];
  }

  public Editor edit() {
    Editor e = new Editor();
    e.ruid = ruid;
    e.euid = euid;
    e.suid = suid;
    e.fsuid = fsuid;
    e.rgid = rgid;
    e.egid = egid;
    e.sgid = sgid;
    e.fsgid = fsgid;
    e.groups = groups;
    e.permitted = permitted;
    e.effective = effective;
    e.inheritable = inheritable;
    e.bounding = bounding;
    e.ambient = ambient;
    e.securebits = securebits;
    e.noNewPrivs = noNewPrivs;
    return e;
  }

  private static int[] sorted(int[] values) {
    int[] copy = values.clone();
    Arrays.sort(copy);
    return copy;
  }

  private static long bits(int... capabilities) {
    long set = 0;
    for (int c : capabilities) {
      set |= 1L << c;
    }
    return set;
  }

  /** A copy in the making. */
  public static final class Editor {
    public int ruid;
    public int euid;
    public int suid;
    public int fsuid;
    public int rgid;
    public int egid;
    public int sgid;
    public int fsgid;
    private int[] groups = NO_GROUPS;
    public long permitted;
    public long effective;
    public long inheritable;
    public long bounding;
    public long ambient;
    public int securebits;
    public boolean noNewPrivs;

    private Editor() {}

    public Editor groups(int[] values) {
      groups = sorted(values);
      return this;
    }

    public Credentials done() {
      return new Credentials(this);
    }
  }
}
