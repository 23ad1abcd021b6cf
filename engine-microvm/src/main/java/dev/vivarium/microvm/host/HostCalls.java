package dev.vivarium.microvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * System calls on files, through java.lang.foreign. One object belongs to one thread: it holds the
 * memory in which arguments and results lie. Every method returns what the call returns, or a
 * negative errno. Names are bytes in ISO-8859-1, as the kernel has them.
 */
public final class HostCalls implements AutoCloseable {
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_ACCMODE = 3;
  public static final int O_CREAT = 0x40;
  public static final int O_EXCL = 0x80;
  public static final int O_NOCTTY = 0x100;
  public static final int O_APPEND = 0x400;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_DIRECTORY = 0x10000;
  public static final int O_NOFOLLOW = 0x20000;
  public static final int O_CLOEXEC = 0x80000;
  public static final int O_PATH = 0x200000;

  public static final int ENOENT = 2;
  public static final int EAGAIN = 11;

  private static final int SYS_CLOSE = 3;
  private static final int SYS_LSEEK = 8;
  private static final int SYS_PREAD = 17;
  private static final int SYS_PWRITE = 18;
  private static final int SYS_FSYNC = 74;
  private static final int SYS_FDATASYNC = 75;
  private static final int SYS_FTRUNCATE = 77;
  private static final int SYS_FCHMOD = 91;
  private static final int SYS_FSTATFS = 138;
  private static final int SYS_GETDENTS64 = 217;
  private static final int SYS_OPENAT = 257;
  private static final int SYS_MKDIRAT = 258;
  private static final int SYS_MKNODAT = 259;
  private static final int SYS_FCHOWNAT = 260;
  private static final int SYS_UNLINKAT = 263;
  private static final int SYS_LINKAT = 265;
  private static final int SYS_SYMLINKAT = 266;
  private static final int SYS_READLINKAT = 267;
  private static final int SYS_FCHMODAT = 268;
  private static final int SYS_UTIMENSAT = 280;
  private static final int SYS_FALLOCATE = 285;
  private static final int SYS_RENAMEAT2 = 316;
  private static final int SYS_STATX = 332;
  private static final int SYS_PIDFD_SEND_SIGNAL = 424;
  private static final int SYS_PIDFD_OPEN = 434;
  private static final int SYS_OPENAT2 = 437;

  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_REMOVEDIR = 0x200;
  private static final int AT_NO_AUTOMOUNT = 0x800;
  private static final int AT_EMPTY_PATH = 0x1000;

  /** RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH. */
  private static final long RESOLVE = 2 | 4 | 8;

  /** STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID. */
  private static final int STATX_WANTED = 0x7ff | 0x800 | 0x1000;

  private static final int PATH_ROOM = 8192;
  private static final int DATA_ROOM = 1 << 16;
  private static final int STACK = 256 << 10;

  /** So often the kernel may say that it was disturbed while it looked at a path. */
  private static final int TRIES = 100;

  private final Arena arena = Arena.ofShared();
  private final SystemCall system = new SystemCall(arena);
  private final MemorySegment how = arena.allocate(24, 8);
  private final MemorySegment path = arena.allocate(PATH_ROOM);
  private final MemorySegment path2 = arena.allocate(PATH_ROOM);
  private final MemorySegment status = arena.allocate(256, 8);
  private final MemorySegment data = arena.allocate(DATA_ROOM, 8);

  /**
   * Has another processor make what this JVM needs for the first of them, which takes it longer
   * than a guest takes to answer.
   */
  public static void prepare() {
    Thread thread = new Thread(null, () -> new HostCalls().close(), "host calls", STACK);
    thread.setDaemon(true);
    thread.start();
  }

  private long call(int number, long a, long b, long c, long d, long e) {
    return system.call(number, a, b, c, d, e, 0);
  }

  private static long put(MemorySegment into, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    if (bytes.length >= PATH_ROOM) {
      throw new IllegalArgumentException("a name of " + bytes.length + " bytes");
    }
    MemorySegment.copy(bytes, 0, into, ValueLayout.JAVA_BYTE, 0, bytes.length);
    into.set(ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
    return into.address();
  }

  /** Memory for file contents and listings. */
  public MemorySegment data() {
    return data;
  }

  /**
   * Opens what is beneath a directory: through no link of any kind, and never outside of it.
   *
   * @param name a relative path; "." for the directory itself
   */
  public int openBeneath(int directory, String name, int flags, int mode) {
    how.set(ValueLayout.JAVA_LONG, 0, flags | O_CLOEXEC | O_NOFOLLOW);
    how.set(ValueLayout.JAVA_LONG, 8, (flags & O_CREAT) != 0 ? mode : 0);
    how.set(ValueLayout.JAVA_LONG, 16, RESOLVE);
    long address = put(path, name);
    long result = -EAGAIN;
    for (int i = 0; i < TRIES && result == -EAGAIN; i++) {
      result = call(SYS_OPENAT2, directory, address, how.address(), 24, 0);
    }
    return (int) result;
  }

  /** Opens a path of the user's, links and all. */
  public int openOfUser(String name, int flags) {
    return (int) call(SYS_OPENAT, AT_FDCWD, put(path, name), flags | O_CLOEXEC, 0, 0);
  }

  /** Opens for real what a descriptor with O_PATH stands for. */
  public int reopen(int fd, int flags) {
    int all = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    return (int) call(SYS_OPENAT, AT_FDCWD, put(path, "/proc/self/fd/" + fd), all, 0, 0);
  }

  /** Closes a descriptor. */
  public void close(int fd) {
    call(SYS_CLOSE, fd, 0, 0, 0, 0);
  }

  /** What is known of an open file; valid until the next call of this. */
  public int statx(int fd) {
    return statx(fd, "");
  }

  /** The same for a name in a directory; a link is not followed. */
  public int statx(int fd, String name) {
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name.isEmpty() ? AT_EMPTY_PATH : 0);
    return (int) call(SYS_STATX, fd, put(path, name), flags, STATX_WANTED, status.address());
  }

  /** What {@link #statx} found, by its place in {@code struct statx}. */
  public int statInt(int offset) {
    return status.get(ValueLayout.JAVA_INT, offset);
  }

  /** The same of eight bytes. */
  public long statLong(int offset) {
    return status.get(ValueLayout.JAVA_LONG, offset);
  }

  /** The same of two bytes. */
  public int statShort(int offset) {
    return Short.toUnsignedInt(status.get(ValueLayout.JAVA_SHORT, offset));
  }

  /** {@code struct statfs} of x86-64 into {@link #data}. */
  public int fstatfs(int fd) {
    return (int) call(SYS_FSTATFS, fd, data.address(), 0, 0, 0);
  }

  /** Reads into {@link #data}. */
  public int pread(int fd, int length, long offset) {
    return (int) call(SYS_PREAD, fd, data.address(), Math.min(length, DATA_ROOM), offset, 0);
  }

  /** Writes bytes. */
  public int pwrite(int fd, byte[] bytes, int from, int length, long offset) {
    int count = Math.min(length, DATA_ROOM);
    MemorySegment.copy(bytes, from, data, ValueLayout.JAVA_BYTE, 0, count);
    return (int) call(SYS_PWRITE, fd, data.address(), count, offset, 0);
  }

  /** Reads entries of a directory from a position on into {@link #data}. */
  public int getdents(int fd, long position, int length) {
    long at = call(SYS_LSEEK, fd, position, 0, 0, 0);
    return at < 0
        ? (int) at
        : (int) call(SYS_GETDENTS64, fd, data.address(), Math.min(length, DATA_ROOM), 0, 0);
  }

  /** Moves in a file, as lseek(2) with SEEK_DATA and SEEK_HOLE does. */
  public long lseek(int fd, long offset, int whence) {
    return call(SYS_LSEEK, fd, offset, whence, 0, 0);
  }

  /** The target of the link that a descriptor with O_PATH stands for, into {@link #data}. */
  public int readlink(int fd) {
    return (int) call(SYS_READLINKAT, fd, put(path, ""), data.address(), 4095, 0);
  }

  /** Writes a file's content (or only that) to the disk. */
  public int fsync(int fd, boolean onlyData) {
    return (int) call(onlyData ? SYS_FDATASYNC : SYS_FSYNC, fd, 0, 0, 0, 0);
  }

  public int ftruncate(int fd, long size) {
    return (int) call(SYS_FTRUNCATE, fd, size, 0, 0, 0);
  }

  public int fallocate(int fd, int mode, long offset, long length) {
    return (int) call(SYS_FALLOCATE, fd, mode, offset, length, 0);
  }

  public int mkdir(int directory, String name, int mode) {
    return (int) call(SYS_MKDIRAT, directory, put(path, name), mode, 0, 0);
  }

  /** Makes a regular file, a FIFO or a socket; never a device. */
  public int mknod(int directory, String name, int mode) {
    return (int) call(SYS_MKNODAT, directory, put(path, name), mode, 0, 0);
  }

  public int symlink(String target, int directory, String name) {
    return (int) call(SYS_SYMLINKAT, put(path2, target), directory, put(path, name), 0, 0);
  }

  /** Links a name to another; a symbolic link is linked itself. */
  public int link(int from, String existing, int to, String name) {
    return (int) call(SYS_LINKAT, from, put(path, existing), to, put(path2, name), 0);
  }

  public int unlink(int directory, String name, boolean isDirectory) {
    return (int)
        call(SYS_UNLINKAT, directory, put(path, name), isDirectory ? AT_REMOVEDIR : 0, 0, 0);
  }

  public int rename(int from, String name, int to, String newName, int flags) {
    return (int) call(SYS_RENAMEAT2, from, put(path, name), to, put(path2, newName), flags);
  }

  /** Changes the mode of what an open descriptor stands for. */
  public int fchmod(int fd, int mode) {
    return (int) call(SYS_FCHMOD, fd, mode, 0, 0, 0);
  }

  /** The same of a descriptor with O_PATH, which is no link. */
  public int chmodPath(int fd, int mode) {
    return (int) call(SYS_FCHMODAT, AT_FDCWD, put(path, "/proc/self/fd/" + fd), mode, 0, 0);
  }

  /** Changes the owner of what a descriptor stands for, or of a name in a directory. */
  public int chown(int fd, String name, int uid, int gid) {
    int flags = AT_SYMLINK_NOFOLLOW | (name.isEmpty() ? AT_EMPTY_PATH : 0);
    return (int) call(SYS_FCHOWNAT, fd, put(path, name), uid, gid, flags);
  }

  /** Sets both times of what a descriptor stands for. */
  public int utimens(int fd, long aSeconds, long aNanos, long mSeconds, long mNanos) {
    status.set(ValueLayout.JAVA_LONG, 0, aSeconds);
    status.set(ValueLayout.JAVA_LONG, 8, aNanos);
    status.set(ValueLayout.JAVA_LONG, 16, mSeconds);
    status.set(ValueLayout.JAVA_LONG, 24, mNanos);
    return (int) call(SYS_UTIMENSAT, fd, put(path, ""), status.address(), AT_EMPTY_PATH, 0);
  }

  /** A descriptor of a process of ours that has not been waited for. */
  int pidfdOpen(int pid) {
    return (int) call(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0);
  }

  int pidfdSend(int descriptor, int signal) {
    return (int) call(SYS_PIDFD_SEND_SIGNAL, descriptor, signal, 0, 0, 0);
  }

  @Override
  public void close() {
    arena.close();
  }
}
