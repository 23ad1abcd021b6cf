package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Opener;
import dev.vivarium.sentry.vfs.PathName;
import dev.vivarium.sentry.vfs.PathWalker;

/** open, openat, openat2, creat, memfd_create. */
final class SysOpen {
  // RESOLVE_* of linux/openat2.h.
  private static final int RESOLVE_NO_XDEV = 1;
  private static final int RESOLVE_NO_MAGICLINKS = 2;
  private static final int RESOLVE_NO_SYMLINKS = 4;
  private static final int RESOLVE_BENEATH = 8;
  private static final int RESOLVE_IN_ROOT = 16;
  private static final int RESOLVE_CACHED = 32;
  private static final int RESOLVE_ALL = 63;

  /** struct open_how, first version. */
  private static final int OPEN_HOW_SIZE = 24;

  private static final int ALL_FLAGS =
      Fcntl.O_ACCMODE
          | Fcntl.O_CREAT
          | Fcntl.O_EXCL
          | Fcntl.O_NOCTTY
          | Fcntl.O_TRUNC
          | Fcntl.O_APPEND
          | Fcntl.O_NONBLOCK
          | Fcntl.O_SYNC
          | Fcntl.O_ASYNC
          | Fcntl.O_DIRECT
          | Fcntl.O_LARGEFILE
          | Fcntl.O_DIRECTORY
          | Fcntl.O_NOFOLLOW
          | Fcntl.O_NOATIME
          | Fcntl.O_CLOEXEC
          | Fcntl.O_PATH
          | Fcntl.O_TMPFILE;

  private static final int PATH_FLAGS =
      Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  // Of linux/memfd.h.
  private static final int MFD_NOEXEC_SEAL = 8;
  private static final int MFD_EXEC = 16;
  private static final int MEMFD_NAME_MAX = 249;

  private SysOpen() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.OPEN, "open", SysOpen::open).fast();
    b.full(Sys.CREAT, "creat", SysOpen::creat);
    b.full(Sys.OPENAT, "openat", SysOpen::openat).fast();
    b.full(Sys.OPENAT2, "openat2", SysOpen::openat2);
    b.partial(
        Sys.MEMFD_CREATE,
        "memfd_create",
        SysOpen::memfdCreate,
        "MFD_HUGETLB gives ordinary pages.");
  }

  static long open(Task t, long path, long flags, long mode, long a3, long a4, long a5) {
    return openAt(t, Fcntl.AT_FDCWD, path, (int) flags & ALL_FLAGS, (int) mode, 0);
  }

  static long creat(Task t, long path, long mode, long a2, long a3, long a4, long a5) {
    int flags = Fcntl.O_CREAT | Fcntl.O_WRONLY | Fcntl.O_TRUNC;
    return openAt(t, Fcntl.AT_FDCWD, path, flags, (int) mode, 0);
  }

  static long openat(Task t, long dirfd, long path, long flags, long mode, long a4, long a5) {
    return openAt(t, (int) dirfd, path, (int) flags & ALL_FLAGS, (int) mode, 0);
  }

  private static long openAt(Task t, int dirfd, long address, int flags, int mode, int resolve) {
    PathName path = GuestPath.name(t, address);
    if (path == null) {
      return t.mm.error();
    }
    if (!t.fds.hasRoom()) {
      return -Errno.EMFILE;
    }
    FileRef ref = new FileRef();
    long rc = Opener.open(t, dirfd, path, flags, mode, resolve, ref);
    if (rc < 0) {
      return rc;
    }
    if (ref.file != null) {
      ref.file.opener = t.creds;
    }
    return GuestPath.install(t, ref.file, (flags & Fcntl.O_CLOEXEC) != 0);
  }

  static long openat2(Task t, long dirfd, long path, long how, long size, long a4, long a5) {
    if (size >= 0 && size < OPEN_HOW_SIZE) {
      return -Errno.EINVAL;
    }
    if (size < 0 || size > 4096) {
      return -Errno.E2BIG;
    }
    byte[] b = new byte[(int) size];
    if (t.mm.copyIn(how, b, 0, b.length) < 0) {
      return -Errno.EFAULT;
    }
    for (int i = OPEN_HOW_SIZE; i < b.length; i++) {
      if (b[i] != 0) {
        return -Errno.E2BIG;
      }
    }
    long flags = Bytes.getLong(b, 0);
    long mode = Bytes.getLong(b, 8);
    long resolve = Bytes.getLong(b, 16);
    boolean makes = (flags & Fcntl.O_CREAT) != 0 || (flags & Fcntl.O_TMPFILE) == Fcntl.O_TMPFILE;
    if ((flags & ~ALL_FLAGS) != 0
        || (resolve & ~RESOLVE_ALL) != 0
        || (makes ? (mode & ~07777L) != 0 : mode != 0)
        || (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT)
        || ((flags & Fcntl.O_PATH) != 0 && (flags & ~PATH_FLAGS) != 0)) {
      return -Errno.EINVAL;
    }
    if ((resolve & RESOLVE_CACHED) != 0) {
      return -Errno.EAGAIN; // callers try again without it
    }
    return openAt(t, (int) dirfd, path, (int) flags, (int) mode, walkFlags((int) resolve));
  }

  private static int walkFlags(int resolve) {
    int walk = 0;
    if ((resolve & RESOLVE_NO_XDEV) != 0) {
      walk |= PathWalker.NO_XDEV;
    }
    if ((resolve & RESOLVE_NO_MAGICLINKS) != 0) {
      walk |= PathWalker.NO_MAGICLINKS;
    }
    if ((resolve & RESOLVE_NO_SYMLINKS) != 0) {
      walk |= PathWalker.NO_SYMLINKS | PathWalker.NO_MAGICLINKS;
    }
    if ((resolve & RESOLVE_BENEATH) != 0) {
      walk |= PathWalker.BENEATH;
    }
    if ((resolve & RESOLVE_IN_ROOT) != 0) {
      walk |= PathWalker.IN_ROOT;
    }
    return walk;
  }

  static long memfdCreate(Task t, long name, long flags, long a2, long a3, long a4, long a5) {
    int known =
        Mman.MFD_CLOEXEC | Mman.MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC | Mman.MFD_HUGETLB;
    int hugeSizes = (flags & Mman.MFD_HUGETLB) != 0 ? 0x3f << 26 : 0;
    if (((int) flags & ~(known | hugeSizes)) != 0
        || (flags & (MFD_EXEC | MFD_NOEXEC_SEAL)) == (MFD_EXEC | MFD_NOEXEC_SEAL)) {
      return -Errno.EINVAL;
    }
    String label = t.mm.copyInString(name, MEMFD_NAME_MAX);
    if (label == null) {
      return t.mm.error() == -Errno.ENAMETOOLONG ? -Errno.EINVAL : t.mm.error();
    }
    boolean noExec = (flags & MFD_NOEXEC_SEAL) != 0;
    boolean sealable = noExec || (flags & Mman.MFD_ALLOW_SEALING) != 0;
    File f =
        t.kernel()
            .memfdFileSystem()
            .openNameless(
                t,
                "/memfd:" + label + " (deleted)",
                Stat.S_IFREG | (noExec ? 0666 : 0777),
                Fcntl.O_RDWR | Fcntl.O_LARGEFILE,
                sealable);
    return f == null ? -Errno.ENOMEM : GuestPath.install(t, f, (flags & Mman.MFD_CLOEXEC) != 0);
  }
}
