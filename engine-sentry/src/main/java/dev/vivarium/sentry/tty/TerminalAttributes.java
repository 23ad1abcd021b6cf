package dev.vivarium.sentry.tty;

import static dev.vivarium.sentry.abi.Termios.B38400;
import static dev.vivarium.sentry.abi.Termios.CREAD;
import static dev.vivarium.sentry.abi.Termios.CS8;
import static dev.vivarium.sentry.abi.Termios.ECHO;
import static dev.vivarium.sentry.abi.Termios.ECHOCTL;
import static dev.vivarium.sentry.abi.Termios.ECHOE;
import static dev.vivarium.sentry.abi.Termios.ECHOK;
import static dev.vivarium.sentry.abi.Termios.ECHOKE;
import static dev.vivarium.sentry.abi.Termios.ICANON;
import static dev.vivarium.sentry.abi.Termios.ICRNL;
import static dev.vivarium.sentry.abi.Termios.IEXTEN;
import static dev.vivarium.sentry.abi.Termios.ISIG;
import static dev.vivarium.sentry.abi.Termios.IXON;
import static dev.vivarium.sentry.abi.Termios.ONLCR;
import static dev.vivarium.sentry.abi.Termios.OPOST;

import dev.vivarium.sentry.ipc.Bytes;

/** The attributes of a terminal: {@code struct termios} as the kernel has it. */
public final class TerminalAttributes {
  /** Bytes of the kernel's {@code struct termios}. */
  public static final int SIZE = 36;

  /** Control characters. */
  public static final int CONTROLS = 19;

  /** A control character of this value is switched off. */
  static final int DISABLED = 0;

  public int input = ICRNL | IXON;
  public int output = OPOST | ONLCR;
  public int control = B38400 | CS8 | CREAD;
  public int local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
  public int line;

  /** VINTR … VEOL2, by the indices of {@code asm-generic/termbits.h}. */
  public final byte[] cc = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0};

  /** Reads the structure. */
  public void decode(byte[] b) {
    input = Bytes.getInt(b, 0);
    output = Bytes.getInt(b, 4);
    control = Bytes.getInt(b, 8);
    local = Bytes.getInt(b, 12);
    line = b[16] & 0xff;
    System.arraycopy(b, 17, cc, 0, CONTROLS);
  }

  public byte[] encode() {
    byte[] b = new byte[SIZE];
    Bytes.putInt(b, 0, input);
    Bytes.putInt(b, 4, output);
    Bytes.putInt(b, 8, control);
    Bytes.putInt(b, 12, local);
    b[16] = (byte) line;
    System.arraycopy(cc, 0, b, 17, CONTROLS);
    return b;
  }

  boolean inputHas(int flag) {
    return (input & flag) != 0;
  }

  boolean outputHas(int flag) {
    return (output & flag) != 0;
  }

  boolean localHas(int flag) {
    return (local & flag) != 0;
  }

  /** Whether {@code c} is this control character and that is not switched off. */
  boolean isControl(int index, int c) {
    return (cc[index] & 0xff) == c && c != DISABLED;
  }

  /** The control character at an index, 0..255. */
  int controlChar(int index) {
    return cc[index] & 0xff;
  }
}
