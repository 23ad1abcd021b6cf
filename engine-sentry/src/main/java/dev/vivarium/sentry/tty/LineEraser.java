package dev.vivarium.sentry.tty;

import static dev.vivarium.sentry.abi.Termios.ECHO;
import static dev.vivarium.sentry.abi.Termios.ECHOCTL;
import static dev.vivarium.sentry.abi.Termios.ECHOE;
import static dev.vivarium.sentry.abi.Termios.ECHOK;
import static dev.vivarium.sentry.abi.Termios.ECHOKE;
import static dev.vivarium.sentry.abi.Termios.ECHOPRT;
import static dev.vivarium.sentry.abi.Termios.VERASE;
import static dev.vivarium.sentry.abi.Termios.VKILL;

/** Erasing in the line that is being edited: ERASE, WERASE and KILL, and how they show. */
final class LineEraser {
  /** How much one erase character takes away. */
  enum Kind {
    CHARACTER,
    WORD,
    LINE
  }

  private final TerminalAttributes attributes;
  private final InputBuffer input;
  private final OutputProcessor out;

  /** With ECHOPRT: a backslash was shown, and erased characters follow. */
  private boolean erasing;

  LineEraser(TerminalAttributes attributes, InputBuffer input, OutputProcessor out) {
    this.attributes = attributes;
    this.input = input;
    this.out = out;
  }

  void reset() {
    erasing = false;
  }

  /** Closes what ECHOPRT opened. */
  void finish() {
    if (erasing) {
      out.put('/');
      erasing = false;
    }
  }

  void erase(Kind kind) {
    if (input.pendingLength() == 0) {
      return;
    }
    boolean echo = attributes.localHas(ECHO);
    if (kind == Kind.LINE && !echo) {
      input.dropPending(input.pendingLength());
      return;
    }
    if (kind == Kind.LINE
        && !(attributes.localHas(ECHOK)
            && attributes.localHas(ECHOKE)
            && attributes.localHas(ECHOE))) {
      input.dropPending(input.pendingLength());
      finish();
      echo(attributes.controlChar(VKILL));
      if (attributes.localHas(ECHOK)) {
        out.put('\n');
      }
      return;
    }
    boolean seenWord = false;
    while (input.pendingLength() > 0) {
      int length = 0;
      int c;
      do {
        length++;
        c = input.pendingAt(input.pendingLength() - length);
      } while (LineDiscipline.isContinuation(attributes, c) && length < input.pendingLength());
      if (LineDiscipline.isContinuation(attributes, c)) {
        break; // a torn character: leave it
      }
      if (kind == Kind.WORD) {
        if (isWord(c)) {
          seenWord = true;
        } else if (seenWord) {
          break;
        }
      }
      int from = input.pendingLength() - length;
      if (echo) {
        show(kind, c, from, length);
      }
      input.dropPending(length);
      if (kind == Kind.CHARACTER) {
        break;
      }
    }
    if (input.pendingLength() == 0 && echo) {
      finish();
    }
  }

  private static boolean isWord(int c) {
    return c >= '0' && c <= '9'
        || c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c == '_'
        || c >= 0xc0;
  }

  private void show(Kind kind, int c, int from, int length) {
    if (attributes.localHas(ECHOPRT)) {
      if (!erasing) {
        out.put('\\');
        erasing = true;
      }
      echo(c);
      for (int i = 1; i < length; i++) {
        out.put(input.pendingAt(from + i));
      }
    } else if (kind == Kind.CHARACTER && !attributes.localHas(ECHOE)) {
      echo(attributes.controlChar(VERASE));
    } else if (c == '\t') {
      out.retreat(tabWidth(from));
    } else {
      if (LineDiscipline.isControl(c) && attributes.localHas(ECHOCTL)) {
        rubOut();
      }
      if (!LineDiscipline.isControl(c) || attributes.localHas(ECHOCTL)) {
        rubOut();
      }
    }
  }

  private void rubOut() {
    out.put('\b');
    out.put(' ');
    out.put('\b');
  }

  /** How many columns the tab before which {@code from} bytes of the line lie took. */
  private int tabWidth(int from) {
    int columns = 0;
    int start = out.canonColumn();
    for (int i = 0; i < from; i++) {
      int c = input.pendingAt(i);
      if (c == '\t') {
        columns += 8 - ((start + columns) & 7);
      } else if (LineDiscipline.isControl(c)) {
        columns += attributes.localHas(ECHOCTL) ? 2 : 0;
      } else if (!LineDiscipline.isContinuation(attributes, c)) {
        columns++;
      }
    }
    return 8 - ((start + columns) & 7);
  }

  private void echo(int c) {
    if (attributes.localHas(ECHOCTL) && LineDiscipline.isControl(c) && c != '\t') {
      out.put('^');
      out.put(c ^ 0x40);
    } else {
      out.put(c);
    }
  }
}
