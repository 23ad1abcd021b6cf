package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.HelperProgram;
import dev.vivarium.sentry.host.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A running gofer: sends requests and waits for their replies, one at a time. A gofer that does not
 * answer in time, or answers nonsense, is killed; every later request fails with -EIO.
 */
public final class GoferClient implements AutoCloseable {
  /** Where a file is: a handle the gofer gave, and names below it. */
  record Address(int handle, String path) {}

  private static final int WNOHANG = 1;

  /** How long the host may have no room for a request, and how long to wait between tries. */
  private static final long NO_ROOM_NANOS = 1_000_000_000L;

  private static final long NO_ROOM_NAP_NANOS = 1_000_000L;
  private static final long PATIENCE_MAX_NANOS = 100_000;
  private static final long PATIENCE_MIN_NANOS = 5_000;

  /** A reply that takes less, sleep and waking included, should have been looked for. */
  private static final long SOON_NANOS = 250_000;

  private static final int PAUSES_BETWEEN_LOOKS = 16;
  private static final int[] NO_DESCRIPTORS = {};

  // struct msghdr and what it points to, in one block of memory.
  private static final int HEADER = 0;
  private static final int IOVEC = 56;
  private static final int CONTROL = 72;
  private static final int CONTROL_HEADER = 16;
  private static final int CONTROL_SIZE = CONTROL_HEADER + (1 + Wire.MAX_AHEAD + 1 & -2) * 4;
  private static final int SEND = CONTROL + CONTROL_SIZE;
  private static final int RECEIVE = SEND + Wire.REQUEST_SIZE + 2 * Wire.MAX_PATH + 2;
  private static final int RECEIVE_SIZE = Wire.REPLY_SIZE + Wire.MAX_PAYLOAD;

  private final int socket;
  private final Consumer<String> log;
  private final MemorySegment memory = Arena.ofAuto().allocate(RECEIVE + 64L + RECEIVE_SIZE, 64);
  private final MemorySegment send = memory.asSlice(SEND);
  private final MemorySegment receive = memory.asSlice(RECEIVE + 63 & -64);
  private final ReentrantLock lock = new ReentrantLock();
  private final MemorySegment cpu = Arena.ofAuto().allocate(4, 4);
  private int sequence;

  /** Where the gofer said it was when it last replied. */
  private int goferCpu = Wire.NO_CPU;

  /** How long a reply is looked for before this thread sleeps; see {@link #look}. */
  private long patience = PATIENCE_MAX_NANOS;

  private int pid;
  private int pidfd = -1;
  private boolean broken;
  private int handleLimit;
  private Set<GoferFeature> features = Set.of();
  private @Nullable HostWatches watches;

  /** Requests made so far. */
  private long requests;

  private GoferClient(int socket, Consumer<String> log) {
    this.socket = socket;
    this.log = log;
  }

  /**
   * Starts a gofer for these roots, confined before it serves the first request.
   *
   * @param patience how long it may take to answer a request
   * @param log takes the reason when it fails later: no file of the host can be opened then
   */
  public static GoferClient start(List<GoferRoot> roots, Duration patience, Consumer<String> log)
      throws GoferException {
    HelperProgram started;
    try {
      started = HelperProgram.start("gofer", roots.stream().map(GoferRoot::argument).toList());
    } catch (IOException e) {
      throw new GoferException(String.valueOf(e.getMessage()));
    }
    GoferClient client = new GoferClient(started.socket(), log);
    try {
      Libc.setSocketTimeout(client.socket, Libc.SO_RCVTIMEO, patience.toNanos());
      client.begin(started.pid(), started.complaints());
      return client;
    } catch (GoferException | RuntimeException e) {
      client.close();
      throw e;
    } finally {
      Libc.close(started.complaints());
    }
  }

  /** The first process ends when it has made the gofer proper, whose descriptor it sends us. */
  private void begin(int first, int complaints) throws GoferException {
    Reply boot = receive(false);
    int[] status = new int[1];
    if (boot.error() == 0) {
      pidfd = boot.fd();
      pid = (int) boot.value();
    } else {
      Libc.kill(first, Libc.SIGKILL);
    }
    Libc.waitpid(first, status, 0);
    Reply hello = boot.error() == 0 ? call(new Request(Wire.HELLO)) : boot;
    if (hello.error() != 0) {
      String line = HelperProgram.complaint(complaints);
      throw new GoferException(line.isEmpty() ? "the gofer ended at once; see viv doctor" : line);
    }
    if (hello.handle() != Wire.VERSION) {
      throw new GoferException("the gofer is of another version; build again");
    }
    if (hello.fd() >= 0) {
      watches = new HostWatches(hello.fd());
    }
    handleLimit = hello.count();
    features = GoferFeature.fromBits(hello.value());
  }

  /** What confines it; what is missing, the host could not give. */
  public Set<GoferFeature> features() {
    return features;
  }

  /** For people: what the host did not give; empty if nothing is missing. */
  public String missing() {
    return EnumSet.complementOf(EnumSet.copyOf(features)).stream()
        .filter(f -> f != GoferFeature.NOBODY && f != GoferFeature.NO_CAPABILITIES)
        .map(GoferFeature::description)
        .collect(Collectors.joining(", "));
  }

  /** How many handles may be open at a time. */
  int handleLimit() {
    return handleLimit;
  }

  /** What the host tells of changes; null if it cannot. */
  @Nullable HostWatches watches() {
    return watches;
  }

  /** Requests made so far, for tests and statistics. */
  public long requests() {
    return requests;
  }

  /** A descriptor of the process. */
  public int pidfd() {
    return pidfd;
  }

  /** The process that opens files. */
  public int pid() {
    return pid;
  }

  /** Sends a request and waits for its reply. From any thread. */
  Reply call(Request request) {
    lock.lock();
    try {
      if (broken) {
        return Reply.failed(-Errno.EIO);
      }
      requests++;
      int here = here();
      int length = request.write(send, ++sequence, here);
      if (length < 0) {
        return Reply.failed(-Errno.ENAMETOOLONG);
      }
      long sent = send(length);
      if (sent != length) {
        return fail("cannot send a request: " + Errno.name((int) -sent));
      }
      return receive(here != Wire.NO_CPU && here != goferCpu);
    } finally {
      lock.unlock();
    }
  }

  /** What the host has no room for now it may have soon; nothing of a message is sent by halves. */
  private long send(int length) {
    long start = 0;
    for (; ; ) {
      long sent = Libc.send(socket, send.address(), length, Libc.MSG_NOSIGNAL);
      if (sent != -Errno.ENOBUFS && sent != -Errno.ENOMEM && sent != -Errno.EAGAIN) {
        return sent;
      }
      long now = System.nanoTime();
      start = start == 0 ? now : start;
      if (now - start > NO_ROOM_NANOS) {
        return sent;
      }
      LockSupport.parkNanos(NO_ROOM_NAP_NANOS);
    }
  }

  private int here() {
    return Libc.syscall(Sys.GETCPU, cpu.address(), 0, 0, 0, 0, 0) == 0
        ? Fields.getInt(cpu, 0)
        : Wire.NO_CPU;
  }

  /** Sends bytes that need not be a request; for tests of what a hostile sentry could do. */
  Reply exchange(byte[] message) {
    lock.lock();
    try {
      int length = Math.min(message.length, 2 * Wire.MAX_PATH);
      Fields.copy(message, 0, send, 0, length);
      sequence = length >= 8 ? Fields.getInt(send, Wire.REQUEST_SEQUENCE) : 0;
      Libc.send(socket, send.address(), length, Libc.MSG_NOSIGNAL);
      return receive(false);
    } finally {
      lock.unlock();
    }
  }

  /** Receives a message into {@link #memory}; or a negative errno. */
  private long next(int flags) {
    message(receive.address(), RECEIVE_SIZE, CONTROL_SIZE);
    return Libc.recvmsg(socket, memory.address() + HEADER, Libc.MSG_CMSG_CLOEXEC | flags);
  }

  /**
   * The same, but this thread does not sleep at once: to be woken on another processor costs more
   * than most replies take. How long it looks, the last replies tell.
   */
  private long look() {
    long start = System.nanoTime();
    do {
      long n = next(Libc.MSG_DONTWAIT);
      if (n != -Errno.EAGAIN) {
        patience = Math.min(PATIENCE_MAX_NANOS, 2 * patience);
        return n;
      }
      for (int i = 0; i < PAUSES_BETWEEN_LOOKS; i++) {
        Thread.onSpinWait();
      }
    } while (System.nanoTime() - start < patience);
    long n = next(0);
    patience =
        System.nanoTime() - start < SOON_NANOS
            ? PATIENCE_MAX_NANOS
            : Math.max(PATIENCE_MIN_NANOS, patience / 2);
    return n;
  }

  private Reply receive(boolean looking) {
    for (; ; ) {
      long n = looking ? look() : next(0);
      if (n == -Errno.EINTR) {
        continue;
      }
      int[] fds = receivedDescriptors();
      if (n < Wire.REPLY_SIZE || Fields.getInt(receive, 0) != sequence) {
        for (int fd : fds) {
          Libc.close(fd);
        }
        return fail(
            n == 0
                ? "it ended"
                : n == -Errno.EAGAIN
                    ? "no answer in time"
                    : n < 0 ? Errno.name((int) -n) : "malformed answer");
      }
      goferCpu = Fields.getInt(receive, Wire.REPLY_CPU);
      return Reply.read(receive, (int) n, fds);
    }
  }

  private void message(long address, long length, long controlLength) {
    Fields.putLong(memory, IOVEC, address);
    Fields.putLong(memory, IOVEC + 8, length);
    Fields.putLong(memory, HEADER, 0);
    Fields.putLong(memory, HEADER + 8, 0);
    Fields.putLong(memory, HEADER + 16, memory.address() + IOVEC);
    Fields.putLong(memory, HEADER + 24, 1);
    Fields.putLong(memory, HEADER + 32, controlLength == 0 ? 0 : memory.address() + CONTROL);
    Fields.putLong(memory, HEADER + 40, controlLength);
    Fields.putLong(memory, HEADER + 48, 0);
    Fields.putLong(memory, CONTROL, 0);
  }

  /** The descriptors in the control message. */
  private int[] receivedDescriptors() {
    long length = Fields.getLong(memory, CONTROL);
    if (Fields.getLong(memory, HEADER + 40) < CONTROL_HEADER + 4
        || length < CONTROL_HEADER + 4
        || length > CONTROL_SIZE
        || Fields.getInt(memory, CONTROL + 8) != Libc.SOL_SOCKET
        || Fields.getInt(memory, CONTROL + 12) != 1) {
      return NO_DESCRIPTORS;
    }
    int[] fds = new int[(int) (length - CONTROL_HEADER) / 4];
    for (int i = 0; i < fds.length; i++) {
      fds[i] = Fields.getInt(memory, CONTROL + CONTROL_HEADER + 4L * i);
    }
    return fds;
  }

  private Reply fail(String why) {
    if (!broken) {
      broken = true;
      if (handleLimit != 0) {
        log.accept(why);
      }
      killProcess();
    }
    return Reply.failed(-Errno.EIO);
  }

  private void killProcess() {
    if (pidfd >= 0) {
      Libc.syscall(Sys.PIDFD_SEND_SIGNAL, pidfd, Libc.SIGKILL, 0, 0, 0, 0);
    }
  }

  /** Ends the gofer. Nobody may be waiting for a reply. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (pid == 0 && broken && pidfd < 0) {
        Libc.close(socket);
        pid = -1;
        return;
      }
      if (pid < 0) {
        return;
      }
      broken = true;
      killProcess();
      Libc.close(socket);
      if (watches != null) {
        watches.close();
      }
      if (pidfd >= 0) {
        // Where CLONE_PARENT was refused it is not our child; then init waits for it.
        Libc.end(pid, pidfd);
        Libc.close(pidfd);
        pidfd = -1;
      }
      pid = -1;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the gofer's process has ended. */
  boolean hasEnded() {
    return pid < 0 || Libc.waitpid(pid, new int[1], WNOHANG) != 0;
  }
}
