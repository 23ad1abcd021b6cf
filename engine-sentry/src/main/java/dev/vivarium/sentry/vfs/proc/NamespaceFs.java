package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sched;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Dentry;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;

/** The files that /proc/PID/ns leads to: a sandbox has one namespace of each kind. */
final class NamespaceFs extends FileSystem {
  /** What there is a namespace of. */
  enum Kind {
    // Numbers as of a machine's first namespaces (linux/proc_ns.h), as far as those are fixed.
    IPC("ipc", 0xEFFFFFFFL, Sched.CLONE_NEWIPC),
    UTS("uts", 0xEFFFFFFEL, Sched.CLONE_NEWUTS),
    USER("user", 0xEFFFFFFDL, Sched.CLONE_NEWUSER),
    PID("pid", 0xEFFFFFFCL, Sched.CLONE_NEWPID),
    CGROUP("cgroup", 0xEFFFFFFBL, Sched.CLONE_NEWCGROUP),
    TIME("time", 0xEFFFFFFAL, Sched.CLONE_NEWTIME),
    NET("net", 0xF0000000L, Sched.CLONE_NEWNET),
    MNT("mnt", 0xF0000001L, Sched.CLONE_NEWNS);

    final String label;
    final long number;
    final long cloneFlag;

    Kind(String label, long number, long cloneFlag) {
      this.label = label;
      this.number = number;
      this.cloneFlag = cloneFlag;
    }
  }

  /** As Linux often gives it: nothing else in a sandbox has it. */
  private static final long DEVICE = 4;

  // linux/nsfs.h
  private static final int NS_GET_USERNS = 0xb701;
  private static final int NS_GET_PARENT = 0xb702;
  private static final int NS_GET_NSTYPE = 0xb703;

  private final VfsPath[] places = new VfsPath[Kind.values().length];
  private final Inode root = new Namespace(Kind.MNT);

  NamespaceFs() {
    super(DEVICE);
    for (Kind kind : Kind.values()) {
      String name = kind.label + ":[" + kind.number + "]";
      Dentry dentry = Dentry.disconnected(name, new Namespace(kind));
      places[kind.ordinal()] = new VfsPath(internalMount(), dentry);
    }
  }

  VfsPath place(Kind kind) {
    return places[kind.ordinal()];
  }

  @Override
  public String typeName() {
    return "nsfs";
  }

  @Override
  public long magic() {
    return 0x6e736673;
  }

  @Override
  public Inode root() {
    return root;
  }

  private final class Namespace extends Inode {
    private final Kind kind;

    Namespace(Kind kind) {
      super(NamespaceFs.this, kind.number, Stat.S_IFREG | 0444);
      this.kind = kind;
    }

    @Override
    public long open(Task t, VfsPath path, int flags, FileRef out) {
      out.file = new NamespaceFile(this, path, flags);
      return 0;
    }
  }

  private static final class NamespaceFile extends File {
    private final Kind kind;

    NamespaceFile(Namespace inode, VfsPath path, int flags) {
      super(inode, path, flags);
      this.kind = inode.kind;
    }

    @Override
    public long ioctl(Task t, int command, long argument) {
      return switch (command) {
        case NS_GET_NSTYPE -> kind.cloneFlag;
        case NS_GET_USERNS, NS_GET_PARENT -> -Errno.EPERM; // outside of what can be seen
        default -> -Errno.ENOTTY;
      };
    }
  }
}
