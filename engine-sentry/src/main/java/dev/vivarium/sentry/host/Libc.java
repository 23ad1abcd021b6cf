package dev.vivarium.sentry.host;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.IgnoreError;

/**
 * The host calls that the sentry makes. Each returns what the call returns, or a negative errno.
 *
 * <p>Addresses are plain longs: jnr-ffi then generates a stub that passes registers through without
 * boxing. A caller that passes the address of a segment keeps that segment alive for the call.
 */
public final class Libc {
  public static final int AF_UNIX = 1;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOCK_CLOEXEC = 0x80000;
  public static final int SOCK_NONBLOCK = 0x800;
  public static final int SOL_SOCKET = 1;
  public static final int SO_RCVTIMEO = 20;
  public static final int SO_SNDTIMEO = 21;

  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_CTRUNC = 8;

  public static final int F_DUPFD_CLOEXEC = 1030;
  public static final int F_GETFD = 1;
  public static final int F_GETFL = 3;
  public static final int F_SETFL = 4;
  public static final int F_ADD_SEALS = 1033;
  public static final int F_SEAL_SEAL = 1;
  public static final int F_SEAL_SHRINK = 2;
  public static final int F_SEAL_GROW = 4;

  public static final int MFD_CLOEXEC = 1;
  public static final int MFD_ALLOW_SEALING = 2;
  public static final int MFD_EXEC = 16;

  private static final int O_CLOEXEC = 0x80000;
  private static final int SHUT_RDWR = 2;

  public static final int WNOHANG = 1;
  public static final int SIGKILL = 9;
  public static final int SIGTERM = 15;

  /**
   * Functions of libc as they are; the wrappers below give them errno. Public only because jnr-ffi
   * implements it from a class loader of its own.
   *
   * <p>No function here has exactly six parameters: the x86-64 stubs that jnr-ffi 2.2.18 makes for
   * those pass garbage as the sixth. Those with up to five, and with seven (another code path), are
   * right.
   */
  public interface Functions {
    int socketpair(int domain, int type, int protocol, long fds);

    int setsockopt(int fd, int level, int option, long value, int length);

    long sendmsg(int fd, long message, int flags);

    long recvmsg(int fd, long message, int flags);

    long read(int fd, long buffer, long count);

    long write(int fd, long buffer, long count);

    long pread(int fd, long buffer, long count, long offset);

    long pwrite(int fd, long buffer, long count, long offset);

    long preadv2(int fd, long iov, int count, long offset, int flags);

    long lseek(int fd, long offset, int whence);

    int close(int fd);

    int open(long path, int flags);

    int shutdown(int fd, int how);

    int fcntl(int fd, int command, long argument);

    int ftruncate(int fd, long length);

    int fsync(int fd);

    int fallocate(int fd, int mode, long offset, long length);

    int memfd_create(long name, int flags);

    int munmap(long address, long length);

    int waitpid(int pid, long status, int options);

    int kill(int pid, int signal);

    long syscall(long nr, long a0, long a1, long a2, long a3, long a4, long a5);

    // The last parameter is there for jnr-ffi, see above; C callees do not see it.
    int posix_spawn(
        long pid, long path, long actions, long attributes, long argv, long envp, long none);

    int posix_spawn_file_actions_init(long actions);

    int posix_spawn_file_actions_adddup2(long actions, int fd, int newFd);

    int posix_spawn_file_actions_addclose(long actions, int fd);

    int posix_spawn_file_actions_addclosefrom_np(long actions, int from);

    int posix_spawn_file_actions_destroy(long actions);

    int posix_spawnattr_init(long attributes);

    int posix_spawnattr_setflags(long attributes, short flags);

    int posix_spawnattr_setsigmask(long attributes, long set);

    int posix_spawnattr_setsigdefault(long attributes, long set);

    int posix_spawnattr_destroy(long attributes);

    @IgnoreError
    int getpid();

    @IgnoreError
    int getuid();

    @IgnoreError
    int getgid();
  }

  static final Functions C = LibraryLoader.create(Functions.class).load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(C);

  private Libc() {}

  private static long result(long value) {
    return value == -1 ? -RUNTIME.getLastError() : value;
  }

  private static int result(int value) {
    return value == -1 ? -RUNTIME.getLastError() : value;
  }

  /**
   * Makes a pair of connected sockets, both close-on-exec.
   *
   * @param fds receives the two descriptors
   */
  public static int socketpair(int domain, int type, int[] fds) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(8, 4);
      int r = result(C.socketpair(domain, type | SOCK_CLOEXEC, 0, pair.address()));
      if (r == 0) {
        fds[0] = pair.get(ValueLayout.JAVA_INT, 0);
        fds[1] = pair.get(ValueLayout.JAVA_INT, 4);
      }
      return r;
    }
  }

  /** Sets SO_RCVTIMEO or SO_SNDTIMEO. */
  public static int setSocketTimeout(int fd, int option, long nanos) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(16, 8);
      time.set(ValueLayout.JAVA_LONG, 0, nanos / 1_000_000_000L);
      time.set(ValueLayout.JAVA_LONG, 8, nanos % 1_000_000_000L / 1000);
      return result(C.setsockopt(fd, SOL_SOCKET, option, time.address(), 16));
    }
  }

  /** sendmsg(2) with a {@code struct msghdr} at {@code message}. */
  public static long sendmsg(int fd, long message, int flags) {
    return result(C.sendmsg(fd, message, flags));
  }

  /** recvmsg(2) with a {@code struct msghdr} at {@code message}. */
  public static long recvmsg(int fd, long message, int flags) {
    return result(C.recvmsg(fd, message, flags));
  }

  public static long read(int fd, long buffer, long count) {
    return result(C.read(fd, buffer, count));
  }

  public static long write(int fd, long buffer, long count) {
    return result(C.write(fd, buffer, count));
  }

  public static long pread(int fd, long buffer, long count, long offset) {
    return result(C.pread(fd, buffer, count, offset));
  }

  public static long pwrite(int fd, long buffer, long count, long offset) {
    return result(C.pwrite(fd, buffer, count, offset));
  }

  /** preadv2(2) with an iovec array at {@code iov}. */
  public static long preadv2(int fd, long iov, int count, long offset, int flags) {
    return result(C.preadv2(fd, iov, count, offset, flags));
  }

  public static long lseek(int fd, long offset, int whence) {
    return result(C.lseek(fd, offset, whence));
  }

  public static int close(int fd) {
    return result(C.close(fd));
  }

  /** open(2) of an existing file, close-on-exec. */
  public static int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return result(C.open(arena.allocateFrom(path).address(), flags | O_CLOEXEC));
    }
  }

  /** shutdown(2) of both directions. */
  public static int shutdown(int fd) {
    return result(C.shutdown(fd, SHUT_RDWR));
  }

  public static int fcntl(int fd, int command, long argument) {
    return result(C.fcntl(fd, command, argument));
  }

  public static int ftruncate(int fd, long length) {
    return result(C.ftruncate(fd, length));
  }

  public static int fsync(int fd) {
    return result(C.fsync(fd));
  }

  public static int fallocate(int fd, int mode, long offset, long length) {
    return result(C.fallocate(fd, mode, offset, length));
  }

  public static int memfdCreate(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return result(C.memfd_create(arena.allocateFrom(name).address(), flags));
    }
  }

  /** mmap(2): an address, or a negative errno (between -4095 and -1). */
  public static long mmap(
      long address, long length, int protection, int flags, int fd, long offset) {
    return result(C.syscall(Sys.MMAP, address, length, protection, flags, fd, offset));
  }

  public static int munmap(long address, long length) {
    return result(C.munmap(address, length));
  }

  /**
   * waitpid(2).
   *
   * @param status receives the wait status in its first element
   * @return the process, 0 if it has not changed (WNOHANG), or a negative errno
   */
  public static int waitpid(int pid, int[] status, int options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment word = arena.allocate(4, 4);
      int r;
      do {
        r = result(C.waitpid(pid, word.address(), options));
      } while (r == -Errno.EINTR);
      status[0] = word.get(ValueLayout.JAVA_INT, 0);
      return r;
    }
  }

  public static int kill(int pid, int signal) {
    return result(C.kill(pid, signal));
  }

  /** syscall(2), for calls that libc has no function for: futex, pidfd_open … */
  public static long syscall(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
    return result(C.syscall(nr, a0, a1, a2, a3, a4, a5));
  }

  /** Ends this process and all its threads now: exit_group(2). */
  public static void exit(int status) {
    C.syscall(Sys.EXIT_GROUP, status, 0, 0, 0, 0, 0);
  }

  public static int getpid() {
    return C.getpid();
  }

  public static int getuid() {
    return C.getuid();
  }

  public static int getgid() {
    return C.getgid();
  }
}
