package dev.vivarium.sentry.platform.systrap;

import dev.vivarium.engine.memory.Fields;
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
 * The process that is init of the stubs' namespaces (supervisor.c): starts the zygote, interrupts
 * stub threads, and reports which stub process has ended. It and all stubs end when its socket is
 * closed.
 */
final class Supervisor implements AutoCloseable {
  private static final int ORDER_INTERRUPT = 1;
  private static final int ORDER_KILL = 2;
  private static final int ORDER_ANSWER = 3;
  private static final int REPORT_READY = 1;
  private static final int REPORT_ENDED = 2;
  private static final int REPORT_THERE = 3;
  private static final int REPORT_PROCESS = 4;
  private static final int MESSAGE_SIZE = 12;
  private static final int MAX_COMPLAINT = 200;

  /** How long it may take to make the stubs' world. */
  private static final int PATIENCE_SECONDS = 30;

  /** Told, on the supervisor's own reader thread, what has happened. */
  interface Listener {
    /** A stub process has ended with this wait status. */
    void ended(int process, int status);

    /** The supervisor itself is gone, and with it every stub. */
    void gone();
  }

  private final int socket;
  private final MemorySegment order = Arena.global().allocate(MESSAGE_SIZE, 4);

  /** Of two: its descriptor has come, and it is ready. */
  private final CountDownLatch ready = new CountDownLatch(2);

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Listener listener;
  private final int complaints;
  private volatile boolean isReady;
  private volatile int pidfd = -1;

  /** Whether it owes an answer. */
  private volatile boolean asked;

  private volatile boolean closing;

  /**
   * Starts it.
   *
   * @param descriptors what the stubs get as 3, 4, 5 …: guest memory, control region, stub program,
   *     layers
   * @throws PlatformException if it cannot be started or cannot make its namespaces
   */
  Supervisor(int[] descriptors, Listener listener) throws PlatformException {
    this.listener = listener;
    int[] pair = new int[2];
    check(Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_SEQPACKET, pair), "socketpair");
    socket = pair[0];
    int program = NativeFiles.open("supervisor");
    int[] fds = new int[3 + descriptors.length];
    fds[0] = pair[1];
    fds[1] = -1;
    complaints = Libc.memfdCreate("vivarium-complaints", Libc.MFD_CLOEXEC);
    check(complaints, "memfd_create");
    fds[2] = complaints;
    System.arraycopy(descriptors, 0, fds, 3, descriptors.length);
    int pid =
        Spawn.spawn(
            "/proc/" + Libc.getpid() + "/fd/" + program,
            List.of("vivarium-supervisor"),
            Map.of(),
            fds);
    Libc.close(program);
    Libc.close(pair[1]);
    check(pid, "cannot start the stubs' supervisor");
    Thread.ofPlatform().name("supervisor").daemon(true).start(this::read);
    // The process that was started only makes the namespaces; the one that stays is its child.
    int[] status = new int[1];
    Libc.waitpid(pid, status, 0);
    if (status[0] != 0) {
      String reason = complaint();
      close();
      throw new PlatformException(
          Errno.EPERM, "the stubs' namespaces cannot be made: " + reason + "; see viv doctor");
    }
  }

  /** Waits until the zygote has been started. */
  void awaitReady() throws PlatformException {
    try {
      if (!ready.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new PlatformException(
            Errno.ETIMEDOUT, "the stubs' supervisor was not ready within 30 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!isReady) {
      throw new PlatformException(
          Errno.EPERM, "the stubs' world cannot be made: " + complaint() + "; see viv doctor");
    }
  }

  /** What the supervisor wrote before it gave up: one line, or "no reason given". */
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

  /** Sends SIGURG to a stub thread. On the kernel thread. */
  void interrupt(int process, int thread) {
    send(ORDER_INTERRUPT, process, thread);
  }

  /** Ends a stub process. On the kernel thread. */
  void kill(int process) {
    send(ORDER_KILL, process, 0);
  }

  /** Asks it for a sign of life. On the kernel thread. */
  void ask() {
    asked = true;
    send(ORDER_ANSWER, 0, 0);
  }

  /** Whether it has not answered yet. */
  boolean owesAnswer() {
    return asked;
  }

  /** A descriptor of the process; -1 if there is none. */
  int pidfd() {
    return pidfd;
  }

  private void send(int kind, int process, int thread) {
    Fields.putInt(order, 0, kind);
    Fields.putInt(order, 4, process);
    Fields.putInt(order, 8, thread);
    // A failure means that the supervisor is gone, which its reader thread reports.
    Libc.write(socket, order.address(), MESSAGE_SIZE);
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
        int kind = Fields.getInt(message, 0);
        if (kind == REPORT_READY) {
          isReady = true;
          ready.countDown();
        } else if (kind == REPORT_PROCESS) {
          pidfd = descriptor[0];
          ready.countDown();
        } else if (kind == REPORT_THERE) {
          asked = false;
        } else if (kind == REPORT_ENDED) {
          listener.ended(Fields.getInt(message, 4), Fields.getInt(message, 8));
        }
      }
    } finally {
      // Whatever happened: nobody is to wait for what does not come any more.
      ready.countDown();
      ready.countDown();
      try {
        listener.gone();
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

  /** Whether it is to end. */
  boolean isClosing() {
    return closing;
  }

  /** Ends every stub, and returns when all are gone. */
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
