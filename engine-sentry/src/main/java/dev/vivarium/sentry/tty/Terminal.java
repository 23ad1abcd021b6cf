package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Termios;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.ControllingTerminal;
import dev.vivarium.sentry.kernel.ProcessGroup;
import dev.vivarium.sentry.kernel.Session;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import org.jspecify.annotations.Nullable;

/**
 * A pseudo terminal: the slave that programs use and the master that stands for keyboard and
 * screen. {@link JobControl} decides who may use it; {@link TerminalIoctls} are its controls.
 */
public final class Terminal implements ControllingTerminal, LineDiscipline.Listener {
  /** Major number of slaves (UNIX98_PTY_SLAVE_MAJOR). */
  public static final int SLAVE_MAJOR = 136;

  final LineDiscipline line = new LineDiscipline(this);
  final int number;

  /** Those who wait on the slave's side: readers, writers, pollers. */
  private final WaitQueue slaveQueue = new WaitQueue();

  /** Those who wait on the master's side. */
  private final WaitQueue masterQueue = new WaitQueue();

  private @Nullable Session session;
  private @Nullable ProcessGroup foreground;

  /** {@code struct winsize}: rows, columns, and their size in pixels. */
  private final byte[] windowSize = new byte[8];

  private int slaveOpens;
  private boolean slaveWasOpened;
  private boolean masterClosed;
  private boolean hungUp;

  /** The slave cannot be opened until the master's owner says so (unlockpt). */
  boolean locked = true;

  /** Packet mode, and the control byte that the master has not seen yet. */
  boolean packetMode;

  private int packetStatus;

  Terminal(int number) {
    this.number = number;
  }

  @Override
  public long device() {
    return Devices.makedev(SLAVE_MAJOR, number);
  }

  public int number() {
    return number;
  }

  // ---- job control ----

  public @Nullable Session session() {
    return session;
  }

  @Override
  public @Nullable ProcessGroup foreground() {
    return foreground;
  }

  @Override
  public void setForeground(@Nullable ProcessGroup group) {
    foreground = group;
  }

  /** Makes this the controlling terminal of a session, with its leader in the foreground. */
  public void becomeControlling(ThreadGroup leader) {
    session = leader.session();
    foreground = leader.processGroup();
    leader.session().setControllingTerminal(this);
  }

  @Override
  public void released() {
    session = null;
    foreground = null;
  }

  @Override
  public void signalTyped(int signo) {
    ProcessGroup group = foreground;
    if (group != null) {
      group.sendSignal(SignalInfo.kernel(signo));
    }
    packetEvent(Packet.FLUSH_READ | Packet.FLUSH_WRITE);
  }

  @Override
  public void flowChanged(boolean stopped) {
    if (!stopped) {
      slaveQueue.wake(Poll.OUT | Poll.WRNORM);
    }
    packetEvent(stopped ? Packet.STOP : Packet.START);
  }

  /** Bits of the control byte in packet mode (asm-generic/ioctls.h). */
  static final class Packet {
    static final int FLUSH_READ = 1;
    static final int FLUSH_WRITE = 2;
    static final int STOP = 4;
    static final int START = 8;
    static final int IOCTL = 64;

    private Packet() {}
  }

  void packetEvent(int bits) {
    if (packetMode) {
      packetStatus |= bits;
      masterQueue.wake(Poll.IN | Poll.PRI | Poll.RDNORM);
    }
  }

  // ---- window size ----

  byte[] windowSize() {
    return windowSize.clone();
  }

  /** Sets the size in characters, as the keyboard's side knows it. */
  public void resize(int rows, int columns) {
    byte[] size = windowSize.clone();
    Bytes.putShort(size, 0, rows);
    Bytes.putShort(size, 2, columns);
    setWindowSize(size);
  }

  void setWindowSize(byte[] size) {
    if (java.util.Arrays.equals(size, windowSize)) {
      return;
    }
    System.arraycopy(size, 0, windowSize, 0, windowSize.length);
    ProcessGroup group = foreground;
    if (group != null) {
      group.sendSignal(SignalInfo.kernel(Signals.SIGWINCH));
    }
  }

  // ---- the slave ----

  WaitQueue slaveQueue() {
    return slaveQueue;
  }

  void slaveOpened() {
    slaveOpens++;
    slaveWasOpened = true;
    masterQueue.wake(0);
  }

  void slaveClosed() {
    if (--slaveOpens == 0) {
      masterQueue.wake(Poll.HUP | Poll.IN | Poll.RDNORM);
    }
  }

  boolean isHungUp() {
    return hungUp;
  }

  long slaveRead(Task t, Uio dst, boolean nonBlocking) {
    long r = JobControl.mayRead(t, this);
    return r < 0 ? r : SlaveReader.read(t, this, dst, nonBlocking);
  }

  boolean isMasterClosed() {
    return masterClosed;
  }

  /** To be called when something was read: the master may have room again. */
  void inputTaken() {
    masterQueue.wake(Poll.OUT | Poll.WRNORM);
  }

  long slaveWrite(Task t, Uio src, boolean nonBlocking) {
    long done = 0;
    while (src.remaining() > 0 || done == 0) {
      if (hungUp || masterClosed) {
        return done > 0 ? done : -Errno.EIO;
      }
      if (line.attributes.localHas(Termios.TOSTOP)) {
        long r = JobControl.mayChange(t, this);
        if (r < 0) {
          return done > 0 ? done : r;
        }
      }
      if (src.remaining() == 0) {
        return 0;
      }
      long n = line.write(src);
      if (n < 0) {
        return done > 0 ? done : n;
      }
      if (n > 0) {
        done += n;
        masterQueue.wake(Poll.IN | Poll.RDNORM);
        continue;
      }
      if (nonBlocking) {
        return done > 0 ? done : -Errno.EAGAIN;
      }
      long w = t.waitOn(slaveQueue, Task.NO_DEADLINE);
      if (w < 0) {
        return done > 0 ? done : w;
      }
    }
    return done;
  }

  int slavePoll() {
    if (hungUp) {
      return Poll.IN | Poll.OUT | Poll.ERR | Poll.HUP | Poll.RDNORM | Poll.WRNORM;
    }
    int events = line.readable() ? Poll.IN | Poll.RDNORM : 0;
    if (!line.isStopped() && line.hasOutputRoom()) {
      events |= Poll.OUT | Poll.WRNORM;
    }
    return masterClosed ? events | Poll.HUP | Poll.IN | Poll.RDNORM : events;
  }

  // ---- the master ----

  public WaitQueue masterQueue() {
    return masterQueue;
  }

  /** What the keyboard sends, as much as there is room for; the count (possibly 0). */
  public int masterWrite(byte[] bytes, int offset, int length) {
    int n = 0;
    int before = line.output.used();
    while (n < length && line.room() > 0) {
      line.receive(bytes[offset + n]);
      n++;
    }
    if (n > 0) {
      slaveQueue.wake(Poll.IN | Poll.RDNORM);
    }
    if (line.output.used() != before) {
      masterQueue.wake(Poll.IN | Poll.RDNORM);
    }
    return n;
  }

  /** Says that the keyboard sends UTF-8, so that erasing takes whole characters. */
  public void setUtf8() {
    line.attributes.input |= Termios.IUTF8;
  }

  /** The key that ends input (VEOF), normally Control-D. */
  public byte endOfFileKey() {
    return line.attributes.cc[Termios.VEOF];
  }

  /** Whether {@link #masterRead} would find something. */
  public boolean masterReadable() {
    return line.output.used() > 0 || packetStatus != 0;
  }

  /** Whether no program has the terminal open any more (or none had it yet: false). */
  public boolean isSlaveClosed() {
    return slaveWasOpened && slaveOpens == 0;
  }

  /** What is to be shown: the count, -EAGAIN, -EIO at the end, or -EFAULT. */
  public long masterRead(Uio dst) {
    if (packetMode) {
      return masterReadPacket(dst);
    }
    if (line.output.used() == 0) {
      return isSlaveClosed() ? -Errno.EIO : -Errno.EAGAIN;
    }
    long n = line.output.read(dst);
    slaveQueue.wake(Poll.OUT | Poll.WRNORM);
    return n;
  }

  private long masterReadPacket(Uio dst) {
    byte[] status = {(byte) packetStatus};
    if (packetStatus == 0 && line.output.used() == 0) {
      return isSlaveClosed() ? -Errno.EIO : -Errno.EAGAIN;
    }
    long r = dst.put(status, 0, 1);
    if (r <= 0) {
      return r;
    }
    if (packetStatus != 0) {
      packetStatus = 0;
      return 1;
    }
    long n = line.output.read(dst);
    slaveQueue.wake(Poll.OUT | Poll.WRNORM);
    return n < 0 ? n : n + 1;
  }

  int masterPoll() {
    int events = masterReadable() ? Poll.IN | Poll.RDNORM : 0;
    if (packetStatus != 0) {
      events |= Poll.PRI;
    }
    if (line.room() > 0) {
      events |= Poll.OUT | Poll.WRNORM;
    }
    return isSlaveClosed() ? events | Poll.HUP : events;
  }

  /** The keyboard is gone: programs see the end, and the session's leader is told. */
  public void masterClose() {
    masterClosed = true;
    hungUp = true;
    line.flushInput();
    line.flushOutput();
    Session s = session;
    if (s != null) {
      if (s.leader() != null) {
        s.leader().sendSignal(SignalInfo.kernel(Signals.SIGHUP));
        s.leader().sendSignal(SignalInfo.kernel(Signals.SIGCONT));
      }
      if (s.controllingTerminal() == this) {
        s.setControllingTerminal(null);
      }
      session = null;
      foreground = null;
    }
    slaveQueue.wake(Poll.HUP | Poll.IN | Poll.OUT | Poll.ERR);
  }
}
