package dev.vivarium.sentry.tty;

import static dev.vivarium.sentry.abi.Termios.ECHO;
import static dev.vivarium.sentry.abi.Termios.ECHOCTL;
import static dev.vivarium.sentry.abi.Termios.ECHONL;
import static dev.vivarium.sentry.abi.Termios.EXTPROC;
import static dev.vivarium.sentry.abi.Termios.ICANON;
import static dev.vivarium.sentry.abi.Termios.ICRNL;
import static dev.vivarium.sentry.abi.Termios.IEXTEN;
import static dev.vivarium.sentry.abi.Termios.IGNCR;
import static dev.vivarium.sentry.abi.Termios.IMAXBEL;
import static dev.vivarium.sentry.abi.Termios.INLCR;
import static dev.vivarium.sentry.abi.Termios.ISIG;
import static dev.vivarium.sentry.abi.Termios.ISTRIP;
import static dev.vivarium.sentry.abi.Termios.IUCLC;
import static dev.vivarium.sentry.abi.Termios.IUTF8;
import static dev.vivarium.sentry.abi.Termios.IXANY;
import static dev.vivarium.sentry.abi.Termios.IXON;
import static dev.vivarium.sentry.abi.Termios.NOFLSH;
import static dev.vivarium.sentry.abi.Termios.PARMRK;
import static dev.vivarium.sentry.abi.Termios.VEOF;
import static dev.vivarium.sentry.abi.Termios.VEOL;
import static dev.vivarium.sentry.abi.Termios.VEOL2;
import static dev.vivarium.sentry.abi.Termios.VERASE;
import static dev.vivarium.sentry.abi.Termios.VINTR;
import static dev.vivarium.sentry.abi.Termios.VKILL;
import static dev.vivarium.sentry.abi.Termios.VLNEXT;
import static dev.vivarium.sentry.abi.Termios.VMIN;
import static dev.vivarium.sentry.abi.Termios.VQUIT;
import static dev.vivarium.sentry.abi.Termios.VREPRINT;
import static dev.vivarium.sentry.abi.Termios.VSTART;
import static dev.vivarium.sentry.abi.Termios.VSTOP;
import static dev.vivarium.sentry.abi.Termios.VSUSP;
import static dev.vivarium.sentry.abi.Termios.VTIME;
import static dev.vivarium.sentry.abi.Termios.VWERASE;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.memory.Uio;

/**
 * The terminal's line discipline (N_TTY): editing of lines, echo, signals of the keyboard, flow
 * control and output processing. Nothing waits here; {@link Terminal} adds that.
 */
final class LineDiscipline {
  private static final int OUTPUT_SIZE = 16 * 1024;

  /** Room that only echo may use, so that a full output does not swallow what the user types. */
  private static final int ECHO_RESERVE = 1024;

  /** Who is told of signals typed and of flow control. */
  interface Listener {
    /** The foreground process group is to get this signal. */
    void signalTyped(int signo);

    /** Output was stopped (^S) or goes on. */
    void flowChanged(boolean stopped);
  }

  final TerminalAttributes attributes = new TerminalAttributes();
  final OutputQueue output = new OutputQueue(OUTPUT_SIZE);
  private final OutputProcessor processor = new OutputProcessor(attributes, output);
  private final InputBuffer input = new InputBuffer();
  private final LineEraser eraser = new LineEraser(attributes, input, processor);
  private final Listener listener;
  private boolean literalNext;
  private boolean stopped;

  LineDiscipline(Listener listener) {
    this.listener = listener;
  }

  static boolean isControl(int c) {
    return c < 32 || c == 127;
  }

  static boolean isContinuation(TerminalAttributes a, int c) {
    return a.inputHas(IUTF8) && (c & 0xc0) == 0x80;
  }

  // ---- from the master ----

  /** How many bytes the master may write now. */
  int room() {
    // With no line complete yet, erase characters must get through to a full buffer.
    if (attributes.localHas(ICANON) && !input.hasLine()) {
      return Math.max(input.free(), 1);
    }
    return input.free();
  }

  /** Takes one byte that came from the keyboard. */
  void receive(int byteValue) {
    int c = byteValue & 0xff;
    TerminalAttributes a = attributes;
    if (a.inputHas(ISTRIP)) {
      c &= 0x7f;
    }
    if (a.inputHas(IUCLC) && a.localHas(IEXTEN) && c >= 'A' && c <= 'Z') {
      c += 32;
    }
    if (a.localHas(EXTPROC)) {
      store(c);
      return;
    }
    if (stopped && a.inputHas(IXON) && a.inputHas(IXANY) && !isFlowOrSignal(c)) {
      setStopped(false);
    }
    if (literalNext) {
      literalNext = false;
      storeEchoed(c);
      return;
    }
    if (a.inputHas(IXON)) {
      if (a.isControl(VSTART, c)) {
        setStopped(false);
        return;
      }
      if (a.isControl(VSTOP, c)) {
        setStopped(true);
        return;
      }
    }
    if (a.localHas(ISIG)) {
      int signo = signalOf(c);
      if (signo != 0) {
        typed(signo, c);
        return;
      }
    }
    if (c == '\r') {
      if (a.inputHas(IGNCR)) {
        return;
      }
      if (a.inputHas(ICRNL)) {
        c = '\n';
      }
    } else if (c == '\n' && a.inputHas(INLCR)) {
      c = '\r';
    }
    if (!a.localHas(ICANON) || !receiveCanonical(c)) {
      storeEchoed(c);
    }
  }

  private boolean isFlowOrSignal(int c) {
    TerminalAttributes a = attributes;
    return a.isControl(VSTART, c)
        || a.isControl(VSTOP, c)
        || a.isControl(VINTR, c)
        || a.isControl(VQUIT, c)
        || a.isControl(VSUSP, c);
  }

  private int signalOf(int c) {
    if (attributes.isControl(VINTR, c)) {
      return Signals.SIGINT;
    }
    if (attributes.isControl(VQUIT, c)) {
      return Signals.SIGQUIT;
    }
    return attributes.isControl(VSUSP, c) ? Signals.SIGTSTP : 0;
  }

  private void typed(int signo, int c) {
    if (!attributes.localHas(NOFLSH)) {
      flushInput();
      output.clear();
    }
    if (attributes.inputHas(IXON)) {
      setStopped(false);
    }
    if (attributes.localHas(ECHO)) {
      echo(c);
    }
    listener.signalTyped(signo);
  }

  /**
   * Handles what is special while lines are edited; false if {@code c} is an ordinary character.
   */
  private boolean receiveCanonical(int c) {
    TerminalAttributes a = attributes;
    boolean extended = a.localHas(IEXTEN);
    if (a.isControl(VERASE, c)) {
      eraser.erase(LineEraser.Kind.CHARACTER);
    } else if (a.isControl(VKILL, c)) {
      eraser.erase(LineEraser.Kind.LINE);
    } else if (extended && a.isControl(VWERASE, c)) {
      eraser.erase(LineEraser.Kind.WORD);
    } else if (extended && a.isControl(VLNEXT, c)) {
      literalNext = true;
      if (a.localHas(ECHO)) {
        eraser.finish();
        if (a.localHas(ECHOCTL)) {
          processor.put('^');
          processor.put('\b');
        }
      }
    } else if (extended && a.localHas(ECHO) && a.isControl(VREPRINT, c)) {
      eraser.finish();
      echo(c);
      processor.put('\n');
      for (int i = 0; i < input.pendingLength(); i++) {
        echo(input.pendingAt(i));
      }
    } else if (c == '\n') {
      if (a.localHas(ECHO) || a.localHas(ECHONL)) {
        eraser.finish();
        processor.put('\n');
      }
      endLine(c);
    } else if (a.isControl(VEOF, c)) {
      input.endLine(InputBuffer.END_OF_FILE);
    } else if (a.isControl(VEOL, c) || extended && a.isControl(VEOL2, c)) {
      if (a.localHas(ECHO)) {
        if (input.pendingLength() == 0) {
          processor.markCanonColumn();
        }
        echo(c);
      }
      endLine(c);
    } else {
      return false;
    }
    return true;
  }

  private void endLine(int c) {
    if (!input.endLine(c)) {
      bell();
    }
  }

  private void storeEchoed(int c) {
    if (attributes.localHas(ECHO)) {
      if (!input.hasRoomInLine()) {
        bell();
        return;
      }
      eraser.finish();
      if (c == '\n') {
        processor.put('\n');
      } else {
        if (input.pendingLength() == 0) {
          processor.markCanonColumn();
        }
        echo(c);
      }
    }
    store(c);
  }

  private void store(int c) {
    if (c == 0xff && attributes.inputHas(PARMRK)) {
      input.add(c);
    }
    input.add(c);
    if (!attributes.localHas(ICANON)) {
      input.commit();
    }
  }

  private void bell() {
    if (attributes.inputHas(IMAXBEL)) {
      processor.put(7);
    }
  }

  private void echo(int c) {
    if (attributes.localHas(ECHOCTL) && isControl(c) && c != '\t') {
      processor.put('^');
      processor.put(c ^ 0x40);
    } else {
      processor.put(c);
    }
  }

  private void setStopped(boolean stop) {
    if (stopped != stop) {
      stopped = stop;
      listener.flowChanged(stop);
    }
  }

  // ---- the slave's side ----

  boolean isStopped() {
    return stopped;
  }

  /** TCXONC's TCOOFF and TCOON. */
  void flow(boolean stop) {
    setStopped(stop);
  }

  /** Writes program output; the count, 0 if there is no room or output is stopped; or -EFAULT. */
  long write(Uio src) {
    byte[] chunk = new byte[(int) Math.min(src.remaining(), 512)];
    long done = 0;
    while (!stopped && src.remaining() > 0 && hasOutputRoom()) {
      long there = src.peek(false); // may wait; what is free is looked at afterwards
      if (there < 0) {
        return done > 0 ? done : there;
      }
      // One byte may become eight.
      int n = Math.min(chunk.length, (output.free() - ECHO_RESERVE) / 8);
      long got = src.take(chunk, 0, (int) Math.min(n, there));
      if (got < 0) {
        return done > 0 ? done : got;
      }
      for (int i = 0; i < got; i++) {
        processor.put(chunk[i] & 0xff);
      }
      done += got;
    }
    return done;
  }

  boolean hasOutputRoom() {
    return output.free() - ECHO_RESERVE >= 8;
  }

  /** Whether a read would find something, as poll sees it. */
  boolean readable() {
    if (attributes.localHas(ICANON)) {
      return input.hasLine();
    }
    int min = attributes.controlChar(VMIN);
    int wanted = attributes.controlChar(VTIME) == 0 && min > 0 ? min : 1;
    return input.available() >= wanted;
  }

  /** Bytes that a read would get (FIONREAD): in canonical mode those of complete lines. */
  int available() {
    return attributes.localHas(ICANON) ? input.lineBytes() : input.available();
  }

  boolean hasLine() {
    return input.hasLine();
  }

  /** Moves one line, or what fits of it; -1 if the line was an end of file alone, else a count. */
  long readLine(Uio dst) {
    return input.readLine(dst);
  }

  /** Moves whatever is there. */
  long readRaw(Uio dst) {
    return input.readRaw(dst);
  }

  void flushInput() {
    input.clear();
    literalNext = false;
    eraser.reset();
  }

  void flushOutput() {
    output.clear();
  }

  /** Takes over new attributes (36 bytes). */
  void setAttributes(byte[] encoded) {
    boolean wasCanonical = attributes.localHas(ICANON);
    boolean hadFlow = attributes.inputHas(IXON);
    attributes.decode(encoded);
    if (attributes.localHas(ICANON) != wasCanonical) {
      input.modeChanged(!wasCanonical);
      literalNext = false;
      eraser.reset();
    }
    if (hadFlow && !attributes.inputHas(IXON)) {
      setStopped(false);
    }
  }
}
