package dev.vivarium.sentry.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The host calls that the sentry makes. Each returns what the call returns, or a negative errno.
 *
 * <p>Addresses are plain longs. A caller that passes the address of a segment keeps that segment
 * alive for the call.
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

  private static final short POLLIN = 1;
  private static final int SCM_RIGHTS = 1;

  /**
   * One that the host's kernel does not let go of, for a file system that does not answer, is not
   * waited for.
   */
  private static final int END_MILLIS = 5000;

  public static final int WNOHANG = 1;
  public static final int SIGKILL = 9;
  public static final int SIGTERM = 15;

  static final HostCalls CALLS = HostCalls.load();

  private Libc() {}

  private static long call(long nr, long a0) {
    return CALLS.call(nr, a0, 0, 0, 0, 0, 0);
  }

  private static long call(long nr, long a0, long a1) {
    return CALLS.call(nr, a0, a1, 0, 0, 0, 0);
  }

  private static long call(long nr, long a0, long a1, long a2) {
    return CALLS.call(nr, a0, a1, a2, 0, 0, 0);
  }

  private static long call(long nr, long a0, long a1, long a2, long a3) {
    return CALLS.call(nr, a0, a1, a2, a3, 0, 0);
  }

  /**
   * Makes a pair of connected sockets, both close-on-exec.
   *
   * @param fds receives the two descriptors
   */
  public static int socketpair(int domain, int type, int[] fds) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(8, 4);
      int r = (int) call(Sys.SOCKETPAIR, domain, type | SOCK_CLOEXEC, 0, pair.address());
      if (r == 0) {
        fds[0] = Fields.getInt(pair, 0);
        fds[1] = Fields.getInt(pair, 4);
      }
      return r;
    }
  }

  /** Sets SO_RCVTIMEO or SO_SNDTIMEO. */
  public static int setSocketTimeout(int fd, int option, long nanos) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(16, 8);
      Fields.putLong(time, 0, nanos / 1_000_000_000L);
      Fields.putLong(time, 8, nanos % 1_000_000_000L / 1000);
      return (int) CALLS.call(Sys.SETSOCKOPT, fd, SOL_SOCKET, option, time.address(), 16, 0);
    }
  }

  /** send(2): to whom the socket is connected, and nobody else. */
  public static long send(int fd, long buffer, long count, int flags) {
    return again(Sys.SENDTO, fd, buffer, count, flags);
  }

  /** recv(2). */
  public static long recv(int fd, long buffer, long count, int flags) {
    return again(Sys.RECVFROM, fd, buffer, count, flags);
  }

  /** recvmsg(2) with a {@code struct msghdr} at {@code message}. */
  public static long recvmsg(int fd, long message, int flags) {
    return call(Sys.RECVMSG, fd, message, flags);
  }

  /**
   * Receives a message and the descriptor that may come with it. One thread's own.
   *
   * <p>It keeps the memory that takes for the next message.
   */
  public static final class DescriptorReader {
    private static final int IOVEC = 56;
    private static final int CONTROL = 72;
    private static final int CONTROL_SIZE = 24;

    private final MemorySegment header = Arena.ofAuto().allocate(CONTROL + CONTROL_SIZE, 8);

    /**
     * Waits for one.
     *
     * @param into its bytes
     * @param descriptor receives the descriptor, or -1, in its first element
     * @return how many bytes came, or a negative errno
     */
    public long receive(int fd, MemorySegment into, int[] descriptor) {
      header.fill((byte) 0);
      Fields.putLong(header, 16, header.address() + IOVEC);
      Fields.putLong(header, 24, 1);
      Fields.putLong(header, 32, header.address() + CONTROL);
      Fields.putLong(header, 40, CONTROL_SIZE);
      Fields.putLong(header, IOVEC, into.address());
      Fields.putLong(header, IOVEC + 8, into.byteSize());
      descriptor[0] = -1;
      long n = recvmsg(fd, header.address(), MSG_CMSG_CLOEXEC);
      if (n >= 0
          && Fields.getLong(header, CONTROL) == 20
          && Fields.getInt(header, CONTROL + 8) == SOL_SOCKET
          && Fields.getInt(header, CONTROL + 12) == SCM_RIGHTS) {
        descriptor[0] = Fields.getInt(header, CONTROL + 16);
      }
      return n;
    }
  }

  /** poll(2) for input; {@code set} is an array of {@code struct pollfd}. */
  public static long pollForInput(MemorySegment set, int count, int timeoutMillis) {
    for (int i = 0; i < count; i++) {
      Fields.putInt(set, 8L * i + 4, POLLIN); // and no results yet
    }
    return call(Sys.POLL, set.address(), count, timeoutMillis);
  }

  /** Kills a process by its descriptor; nothing if there is none. */
  public static void killBy(int pidfd) {
    if (pidfd >= 0) {
      call(Sys.PIDFD_SEND_SIGNAL, pidfd, SIGKILL);
    }
  }

  /**
   * A call on a descriptor that is made again where a signal of this process's own disturbed it: no
   * guest has been sent one, and none knows what to do about it.
   */
  private static long again(long nr, long a0, long a1, long a2, long a3) {
    long r;
    do {
      r = call(nr, a0, a1, a2, a3);
    } while (r == -Errno.EINTR);
    return r;
  }

  public static long read(int fd, long buffer, long count) {
    return again(Sys.READ, fd, buffer, count, 0);
  }

  public static long write(int fd, long buffer, long count) {
    return again(Sys.WRITE, fd, buffer, count, 0);
  }

  public static long pread(int fd, long buffer, long count, long offset) {
    return again(Sys.PREAD64, fd, buffer, count, offset);
  }

  public static long pwrite(int fd, long buffer, long count, long offset) {
    return again(Sys.PWRITE64, fd, buffer, count, offset);
  }

  /** preadv2(2) with an iovec array at {@code iov}. */
  public static long preadv2(int fd, long iov, int count, long offset, int flags) {
    long r;
    do {
      r = CALLS.call(Sys.PREADV2, fd, iov, count, offset, 0, flags);
    } while (r == -Errno.EINTR);
    return r;
  }

  public static long lseek(int fd, long offset, int whence) {
    return call(Sys.LSEEK, fd, offset, whence);
  }

  public static int close(int fd) {
    return (int) call(Sys.CLOSE, fd);
  }

  /** open(2) of an existing file, close-on-exec. */
  public static int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(Sys.OPEN, Fields.text(arena, path), flags | O_CLOEXEC);
    }
  }

  /** shutdown(2) of both directions. */
  public static int shutdown(int fd) {
    return (int) call(Sys.SHUTDOWN, fd, SHUT_RDWR);
  }

  public static int fcntl(int fd, int command, long argument) {
    return (int) call(Sys.FCNTL, fd, command, argument);
  }

  public static int ftruncate(int fd, long length) {
    return (int) again(Sys.FTRUNCATE, fd, length, 0, 0);
  }

  public static int fsync(int fd) {
    return (int) again(Sys.FSYNC, fd, 0, 0, 0);
  }

  public static int fallocate(int fd, int mode, long offset, long length) {
    return (int) again(Sys.FALLOCATE, fd, mode, offset, length);
  }

  public static int memfdCreate(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(Sys.MEMFD_CREATE, Fields.text(arena, name), flags);
    }
  }

  /** mmap(2): an address, or a negative errno (between -4095 and -1). */
  public static long mmap(
      long address, long length, int protection, int flags, int fd, long offset) {
    return CALLS.call(Sys.MMAP, address, length, protection, flags, fd, offset);
  }

  public static int munmap(long address, long length) {
    return (int) call(Sys.MUNMAP, address, length);
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
        r = (int) call(Sys.WAIT4, pid, word.address(), options);
      } while (r == -Errno.EINTR);
      status[0] = Fields.getInt(word, 0);
      return r;
    }
  }

  /**
   * Kills a process and waits until it has ended. What is left of a child is taken away, unless
   * this process is confined: then init does that, soon.
   *
   * @param pid of it
   * @param pidfd a descriptor of it
   */
  public static void end(int pid, int pidfd) {
    if (pidfd < 0) {
      kill(pid, SIGKILL);
      waitpid(pid, new int[1], 0);
      return;
    }
    call(Sys.PIDFD_SEND_SIGNAL, pidfd, SIGKILL);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = arena.allocate(8, 8);
      long r;
      do {
        Fields.putInt(set, 0, pidfd);
        Fields.putShort(set, 4, POLLIN);
        r = call(Sys.POLL, set.address(), 1, END_MILLIS);
      } while (r == -Errno.EINTR);
    }
    waitpid(pid, new int[1], WNOHANG);
  }

  public static int kill(int pid, int signal) {
    return (int) call(Sys.KILL, pid, signal);
  }

  /** syscall(2), for calls that libc has no function for: futex, pidfd_open … */
  public static long syscall(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
    return CALLS.call(nr, a0, a1, a2, a3, a4, a5);
  }

  /** Ends this process and all its threads now: exit_group(2). */
  public static void exit(int status) {
    call(Sys.EXIT_GROUP, status);
  }

  public static int getpid() {
    return (int) call(Sys.GETPID, 0);
  }

  public static int getuid() {
    return (int) call(Sys.GETUID, 0);
  }

  public static int getgid() {
    return (int) call(Sys.GETGID, 0);
  }
}
