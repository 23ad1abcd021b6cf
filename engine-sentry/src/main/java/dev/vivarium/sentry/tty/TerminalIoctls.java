package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Termios;
import dev.vivarium.sentry.kernel.ProcessGroup;
import dev.vivarium.sentry.kernel.Session;
import dev.vivarium.sentry.kernel.Task;

/** ioctl(2) of both sides of a terminal (ioctl_tty(2)). */
final class TerminalIoctls {
  private TerminalIoctls() {}

  static long ioctl(Task t, Terminal tty, boolean master, int command, long argument) {
    if (tty.isHungUp() && !master) {
      return command == Ioctls.TIOCSPGRP ? -Errno.ENOTTY : -Errno.EIO;
    }
    return switch (command) {
      case Ioctls.TCGETS -> {
        byte[] b = tty.line.attributes.encode();
        yield t.mm.copyOut(argument, b, 0, b.length);
      }
      case Ioctls.TCSETS, Ioctls.TCSETSW -> setAttributes(t, tty, master, argument, false);
      case Ioctls.TCSETSF -> setAttributes(t, tty, master, argument, true);
      case Ioctls.TIOCGWINSZ -> t.mm.copyOut(argument, tty.windowSize(), 0, 8);
      case Ioctls.TIOCSWINSZ -> {
        byte[] size = new byte[8];
        if (t.mm.copyIn(argument, size, 0, 8) < 0) {
          yield -Errno.EFAULT;
        }
        tty.setWindowSize(size);
        yield 0;
      }
      case Ioctls.TIOCGPGRP -> {
        if (!master && t.group.session().controllingTerminal() != tty) {
          yield -Errno.ENOTTY;
        }
        ProcessGroup group = tty.foreground();
        yield t.mm.writeInt(argument, group == null ? 0 : group.id());
      }
      case Ioctls.TIOCSPGRP -> {
        int id = t.mm.readInt(argument);
        yield t.mm.error() != 0 ? -Errno.EFAULT : JobControl.setForeground(t, tty, id);
      }
      case Ioctls.TIOCGSID -> {
        Session session = tty.session();
        if (session == null || !master && t.group.session().controllingTerminal() != tty) {
          yield -Errno.ENOTTY;
        }
        yield t.mm.writeInt(argument, session.id());
      }
      case Ioctls.TIOCSCTTY -> master ? -Errno.EIO : JobControl.acquire(t, tty, argument == 1);
      case Ioctls.TIOCNOTTY -> JobControl.release(t, tty);
      case Ioctls.FIONREAD ->
          t.mm.writeInt(argument, master ? tty.line.output.used() : tty.line.available());
      case Ioctls.TIOCOUTQ -> t.mm.writeInt(argument, 0);
      case Ioctls.TCFLSH -> flush(t, tty, master, (int) argument);
      case Ioctls.TCXONC -> flow(t, tty, (int) argument);
      case Ioctls.TCSBRK, Ioctls.TCSBRKP, Ioctls.TIOCEXCL, Ioctls.TIOCNXCL -> 0;
      case Ioctls.TIOCGETD -> t.mm.writeInt(argument, 0);
      case Ioctls.TIOCSETD -> {
        int discipline = t.mm.readInt(argument);
        yield t.mm.error() != 0 ? -Errno.EFAULT : discipline == 0 ? 0 : -Errno.EINVAL;
      }
      // Typing into somebody else's terminal: refused, as Linux 6.2 and later do by default.
      case Ioctls.TIOCSTI -> -Errno.EIO;
      case Ioctls.TIOCGDEV -> t.mm.writeInt(argument, (int) tty.device());
      case Ioctls.TIOCGPTN -> master ? t.mm.writeInt(argument, tty.number) : -Errno.ENOTTY;
      case Ioctls.TIOCSPTLCK -> {
        if (!master) {
          yield -Errno.ENOTTY;
        }
        int value = t.mm.readInt(argument);
        if (t.mm.error() != 0) {
          yield -Errno.EFAULT;
        }
        tty.locked = value != 0;
        yield 0;
      }
      case Ioctls.TIOCGPTLCK ->
          master ? t.mm.writeInt(argument, tty.locked ? 1 : 0) : -Errno.ENOTTY;
      case Ioctls.TIOCPKT -> {
        if (!master) {
          yield -Errno.ENOTTY;
        }
        int value = t.mm.readInt(argument);
        if (t.mm.error() != 0) {
          yield -Errno.EFAULT;
        }
        tty.packetMode = value != 0;
        yield 0;
      }
      case Ioctls.TIOCGPKT ->
          master ? t.mm.writeInt(argument, tty.packetMode ? 1 : 0) : -Errno.ENOTTY;
      default -> -Errno.ENOTTY;
    };
  }

  private static long setAttributes(
      Task t, Terminal tty, boolean master, long argument, boolean flush) {
    byte[] b = new byte[TerminalAttributes.SIZE];
    if (t.mm.copyIn(argument, b, 0, b.length) < 0) {
      return -Errno.EFAULT;
    }
    if (!master) {
      long r = JobControl.mayChange(t, tty);
      if (r < 0) {
        return r;
      }
    }
    if (flush) {
      tty.line.flushInput();
    }
    tty.line.setAttributes(b);
    tty.packetEvent(Terminal.Packet.IOCTL);
    // What can be read may be different now.
    tty.slaveQueue().wake(0);
    tty.masterQueue().wake(0);
    return 0;
  }

  private static long flush(Task t, Terminal tty, boolean master, int which) {
    if (which < Termios.TCIFLUSH || which > Termios.TCIOFLUSH) {
      return -Errno.EINVAL;
    }
    if (!master) {
      long r = JobControl.mayChange(t, tty);
      if (r < 0) {
        return r;
      }
    }
    // What is input to one side is output to the other.
    boolean input = which != Termios.TCOFLUSH;
    boolean output = which != Termios.TCIFLUSH;
    if (master ? output : input) {
      tty.line.flushInput();
      tty.inputTaken();
      tty.packetEvent(Terminal.Packet.FLUSH_READ);
    }
    if (master ? input : output) {
      tty.line.flushOutput();
      tty.slaveQueue().wake(0);
      tty.packetEvent(Terminal.Packet.FLUSH_WRITE);
    }
    return 0;
  }

  private static long flow(Task t, Terminal tty, int action) {
    long r = JobControl.mayChange(t, tty);
    if (r < 0) {
      return r;
    }
    switch (action) {
      case Termios.TCOOFF -> tty.line.flow(true);
      case Termios.TCOON -> tty.line.flow(false);
      case Termios.TCIOFF, Termios.TCION -> {} // a pseudo terminal's other end does not listen
      default -> {
        return -Errno.EINVAL;
      }
    }
    return 0;
  }
}
