package dev.vivarium.sentry.platform.ptrace;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.host.NativeFiles;
import dev.vivarium.sentry.host.Spawn;
import dev.vivarium.sentry.platform.PlatformException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The process that traces all guest processes (tracer.c), and is init of their namespaces. It and
 * all of them end when its socket is closed.
 */
final class Tracer implements AutoCloseable {
  /** Guest processes run without a system-call filter: the host has none. */
  static final int MISSING_FILTER = 1;

  /** The tracer itself runs without one. */
  static final int MISSING_OWN_FILTER = 2;

  private static final int REPORT_READY = 1;
  private static final int REPORT_PROCESS = 4;
  private static final int MESSAGE_SIZE = 12;
  private static final int MAX_COMPLAINT = 200;

  /** How long it may take to make the guests' world. */
  private static final int PATIENCE_SECONDS = 30;

  private final int socket;
  private final MemorySegment bell = Arena.global().allocate(1);

  /** Of two: its descriptor has come, and it is ready. */
  private final CountDownLatch ready = new CountDownLatch(2);

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Runnable whenGone;
  private final int complaints;
  private volatile boolean isReady;
  private volatile int pidfd = -1;
  private volatile boolean closing;
  private volatile int missing;

  /**
   * Starts it.
   *
   * @param descriptors what the guest processes get as 3, 4, 5 …: guest memory, shared region,
   *     first program, layers
   * @param whenGone run, on a thread of its own, when the tracer has ended, and with it every guest
   *     process
   * @throws PlatformException if it cannot be started or cannot make its namespaces
   */
  Tracer(int[] descriptors, Runnable whenGone) throws PlatformException {
    this.whenGone = whenGone;
    int[] pair = new int[2];
    check(Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_SEQPACKET, pair), "socketpair");
    socket = pair[0];
    int program = NativeFiles.open("tracer");
    int[] fds = new int[3 + descriptors.length];
    fds[0] = pair[1];
    fds[1] = -1;
    complaints = Libc.memfdCreate("vivarium-complaints", Libc.MFD_CLOEXEC);
    check(complaints, "memfd_create");
    fds[2] = complaints;
    System.arraycopy(descriptors, 0, fds, 3, descriptors.length);
    int pid =
        Spawn.spawn(
            "/proc/" + Libc.getpid() + "/fd/" + program, List.of("vivarium-tracer"), Map.of(), fds);
    Libc.close(program);
    Libc.close(pair[1]);
    check(pid, "cannot start the tracer");
    Thread.ofPlatform().name("tracer").daemon(true).start(this::read);
    // The process that was started only makes the namespaces; the one that stays is its child.
    int[] status = new int[1];
    Libc.waitpid(pid, status, 0);
    if (status[0] != 0) {
      String reason = complaint();
      close();
      throw new PlatformException(
          Errno.EPERM, "the tracer's namespaces cannot be made: " + reason + "; see viv doctor");
    }
  }

  /** Waits until the first guest process stands still. */
  void awaitReady() throws PlatformException {
    try {
      if (!ready.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        close();
        throw new PlatformException(Errno.ETIMEDOUT, "the tracer was not ready within 30 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!isReady) {
      String reason = complaint();
      close();
      throw new PlatformException(
          Errno.EPERM, "guest processes cannot be traced: " + reason + "; see viv doctor");
    }
  }

  /** What is missing of the walls, as bits. */
  int missing() {
    return missing;
  }

  /** What the tracer wrote before it gave up: one line, or "no reason given". */
  private String complaint() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(MAX_COMPLAINT);
      long n = Libc.pread(complaints, text.address(), MAX_COMPLAINT, 0);
      return n <= 0
          ? "no reason given"
          : new String(
              text.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }
  }

  /** A descriptor of the process; -1 if there is none. */
  int pidfd() {
    return pidfd;
  }

  /** Whether it is to end. */
  boolean isClosing() {
    return closing;
  }

  /** Wakes the tracer from its wait. On the kernel thread. */
  void wake() {
    // A failure means that it is gone, which the reader thread finds out.
    Libc.write(socket, bell.address(), 1);
  }

  private void read() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(MESSAGE_SIZE, 4);
      Libc.DescriptorReader reader = new Libc.DescriptorReader();
      int[] descriptor = new int[1];
      for (; ; ) {
        long n = reader.receive(socket, message, descriptor);
        if (n == -Errno.EINTR) {
          continue;
        }
        if (n != MESSAGE_SIZE) {
          break;
        }
        if (message.get(ValueLayout.JAVA_INT, 0) == REPORT_READY) {
          missing = message.get(ValueLayout.JAVA_INT, 4);
          isReady = true;
          ready.countDown();
        } else if (message.get(ValueLayout.JAVA_INT, 0) == REPORT_PROCESS) {
          pidfd = descriptor[0];
          ready.countDown();
        }
      }
    } finally {
      // Whatever happened: nobody is to wait for what does not come any more.
      ready.countDown();
      ready.countDown();
      try {
        whenGone.run();
      } finally {
        finished.countDown();
      }
    }
  }

  private static void check(int result, String what) throws PlatformException {
    if (result < 0) {
      throw new PlatformException(-result, what + ": " + Errno.name(-result));
    }
  }

  /** Ends every guest process, and returns when all are gone. */
  @Override
  public void close() {
    closing = true;
    Libc.shutdown(socket);
    // One that stands still does not look at its socket.
    Libc.killBy(pidfd);
    try {
      finished.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Libc.close(socket);
    Libc.close(complaints);
    if (pidfd >= 0) {
      Libc.close(pidfd);
      pidfd = -1;
    }
  }
}
