package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** What is known about one signal: {@code siginfo_t} (asm-generic/siginfo.h). */
public final class SignalInfo {
  /** Bytes of {@code siginfo_t}. */
  public static final int SIZE = 128;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Which member of the union counts. */
  private enum Layout {
    KILL,
    TIMER,
    POLL,
    FAULT,
    CHILD,
    QUEUE,
    SYSCALL
  }

  public final int signo;
  public final int code;
  public int errno;

  /** Sender's or child's pid. */
  public int pid;

  /** Sender's or child's real uid. */
  public int uid;

  /** Exit status or signal of a child. */
  public int status;

  /** A child's times, in clock ticks. */
  public long utime;

  public long stime;

  /** Address of a fault. */
  public long address;

  /** {@code sigval} of a queued signal, a timer or a message queue. */
  public long value;

  public int timerId;
  public int overrun;

  /** The timer this came from, asked at delivery how often it overran. */
  @Nullable TimerSource timer;

  /** POLL* bits and descriptor of SIGIO. */
  public long band;

  public int fd;

  /** System call number of SIGSYS. */
  public int syscall;

  /**
   * From another process of the sandbox to the first one, which it can only reach by a handler:
   * neither the default action nor SIGKILL or SIGSTOP take place. See {@link Signaling#shield}.
   */
  boolean shielded;

  /** What rt_sigqueueinfo was given; handed on as it is. */
  private byte @Nullable [] raw;

  /** A timer whose signal is queued at most once. */
  interface TimerSource {
    /** The signal leaves the queue: returns the overrun count to report. */
    int delivered();
  }

  public SignalInfo(int signo, int code) {
    this.signo = signo;
    this.code = code;
  }

  /** Sent by the kernel itself. */
  public static SignalInfo kernel(int signo) {
    return new SignalInfo(signo, Signals.SI_KERNEL);
  }

  /** Sent by kill(2), or with {@code code} SI_TKILL by tgkill(2). */
  public static SignalInfo user(int signo, int code, Task sender) {
    SignalInfo info = new SignalInfo(signo, code);
    info.pid = sender.group.pid();
    info.uid = sender.creds.ruid;
    return info;
  }

  /** A fault at an address: SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP. */
  public static SignalInfo fault(int signo, int code, long address) {
    SignalInfo info = new SignalInfo(signo, code);
    info.address = address;
    return info;
  }

  /**
   * Reads what a guest passes to rt_sigqueueinfo.
   *
   * @param bytes at least {@link #SIZE} bytes, which this object keeps
   */
  public static SignalInfo fromGuest(int signo, byte[] bytes) {
    SignalInfo info = new SignalInfo(signo, (int) INT.get(bytes, 8));
    INT.set(bytes, 0, signo);
    info.raw = bytes;
    info.errno = (int) INT.get(bytes, 4);
    switch (info.layout()) {
      case KILL -> {
        info.pid = (int) INT.get(bytes, 16);
        info.uid = (int) INT.get(bytes, 20);
      }
      case QUEUE -> {
        info.pid = (int) INT.get(bytes, 16);
        info.uid = (int) INT.get(bytes, 20);
        info.value = (long) LONG.get(bytes, 24);
      }
      case TIMER -> {
        info.timerId = (int) INT.get(bytes, 16);
        info.overrun = (int) INT.get(bytes, 20);
        info.value = (long) LONG.get(bytes, 24);
      }
      case CHILD -> {
        info.pid = (int) INT.get(bytes, 16);
        info.uid = (int) INT.get(bytes, 20);
        info.status = (int) INT.get(bytes, 24);
        info.utime = (long) LONG.get(bytes, 32);
        info.stime = (long) LONG.get(bytes, 40);
      }
      case FAULT -> info.address = (long) LONG.get(bytes, 16);
      case POLL -> {
        info.band = (long) LONG.get(bytes, 16);
        info.fd = (int) INT.get(bytes, 24);
      }
      case SYSCALL -> {
        info.address = (long) LONG.get(bytes, 16);
        info.syscall = (int) INT.get(bytes, 24);
      }
    }
    return info;
  }

  /** As kernel/signal.c siginfo_layout() tells them apart. */
  private Layout layout() {
    if (code > Signals.SI_USER && code < Signals.SI_KERNEL) {
      return switch (signo) {
        case Signals.SIGSEGV, Signals.SIGBUS, Signals.SIGILL, Signals.SIGFPE, Signals.SIGTRAP ->
            Layout.FAULT;
        case Signals.SIGCHLD -> Layout.CHILD;
        case Signals.SIGIO -> Layout.POLL;
        case Signals.SIGSYS -> Layout.SYSCALL;
        default -> Layout.KILL;
      };
    }
    return switch (code) {
      case Signals.SI_TIMER -> Layout.TIMER;
      case Signals.SI_SIGIO -> Layout.POLL;
      case Signals.SI_USER, Signals.SI_KERNEL, Signals.SI_TKILL -> Layout.KILL;
      default -> code < 0 ? Layout.QUEUE : Layout.KILL;
    };
  }

  /** Writes {@code siginfo_t} into {@code out}, all {@link #SIZE} bytes of it. */
  public void encode(byte[] out, int at) {
    byte[] given = raw;
    if (given != null) {
      System.arraycopy(given, 0, out, at, SIZE);
      return;
    }
    java.util.Arrays.fill(out, at, at + SIZE, (byte) 0);
    INT.set(out, at, signo);
    INT.set(out, at + 4, errno);
    INT.set(out, at + 8, code);
    switch (layout()) {
      case KILL -> putSender(out, at);
      case QUEUE -> {
        putSender(out, at);
        LONG.set(out, at + 24, value);
      }
      case TIMER -> {
        INT.set(out, at + 16, timerId);
        INT.set(out, at + 20, overrun);
        LONG.set(out, at + 24, value);
      }
      case CHILD -> {
        putSender(out, at);
        INT.set(out, at + 24, status);
        LONG.set(out, at + 32, utime);
        LONG.set(out, at + 40, stime);
      }
      case FAULT -> LONG.set(out, at + 16, address);
      case POLL -> {
        LONG.set(out, at + 16, band);
        INT.set(out, at + 24, fd);
      }
      case SYSCALL -> {
        LONG.set(out, at + 16, address);
        INT.set(out, at + 24, syscall);
        INT.set(out, at + 28, 0xC000003E); // AUDIT_ARCH_X86_64
      }
    }
  }

  private void putSender(byte[] out, int at) {
    INT.set(out, at + 16, pid);
    INT.set(out, at + 20, uid);
  }
}
