package dev.vivarium.sentry.tty;

import static dev.vivarium.sentry.abi.Termios.OCRNL;
import static dev.vivarium.sentry.abi.Termios.OLCUC;
import static dev.vivarium.sentry.abi.Termios.ONLCR;
import static dev.vivarium.sentry.abi.Termios.ONLRET;
import static dev.vivarium.sentry.abi.Termios.ONOCR;
import static dev.vivarium.sentry.abi.Termios.OPOST;
import static dev.vivarium.sentry.abi.Termios.TABDLY;
import static dev.vivarium.sentry.abi.Termios.XTABS;

/** Output post-processing (OPOST), which also keeps track of the column. */
final class OutputProcessor {
  private final TerminalAttributes attributes;
  private final OutputQueue out;
  private int column;

  /** Where the present input line's echo began, for the erasing of tabs. */
  private int canonColumn;

  OutputProcessor(TerminalAttributes attributes, OutputQueue out) {
    this.attributes = attributes;
    this.out = out;
  }

  int column() {
    return column;
  }

  int canonColumn() {
    return canonColumn;
  }

  void markCanonColumn() {
    canonColumn = column;
  }

  /** Writes one byte as the OPOST flags say; false if there is no room for all that it becomes. */
  boolean put(int c) {
    if (!attributes.outputHas(OPOST)) {
      return out.add(c);
    }
    switch (c) {
      case '\n' -> {
        if (attributes.outputHas(ONLCR)) {
          if (out.free() < 2) {
            return false;
          }
          out.add('\r');
          out.add('\n');
          column = 0;
          canonColumn = 0;
          return true;
        }
        if (attributes.outputHas(ONLRET)) {
          column = 0;
        }
        canonColumn = column;
        return out.add(c);
      }
      case '\r' -> {
        if (attributes.outputHas(ONOCR) && column == 0) {
          return true;
        }
        if (attributes.outputHas(OCRNL)) {
          if (attributes.outputHas(ONLRET)) {
            column = 0;
            canonColumn = 0;
          }
          return out.add('\n');
        }
        column = 0;
        canonColumn = 0;
        return out.add(c);
      }
      case '\t' -> {
        int spaces = 8 - (column & 7);
        if ((attributes.output & TABDLY) == XTABS) {
          if (out.free() < spaces) {
            return false;
          }
          column += spaces;
          for (int i = 0; i < spaces; i++) {
            out.add(' ');
          }
          return true;
        }
        if (!out.add(c)) {
          return false;
        }
        column += spaces;
        return true;
      }
      case '\b' -> {
        if (!out.add(c)) {
          return false;
        }
        if (column > 0) {
          column--;
        }
        return true;
      }
      default -> {
        int b = attributes.outputHas(OLCUC) && c >= 'a' && c <= 'z' ? c - 32 : c;
        if (!out.add(b)) {
          return false;
        }
        if (!LineDiscipline.isControl(b) && !LineDiscipline.isContinuation(attributes, b)) {
          column++;
        }
        return true;
      }
    }
  }

  /** Moves the column back without writing: a tab was erased. */
  void retreat(int columns) {
    for (int i = 0; i < columns && out.add('\b'); i++) {
      if (column > 0) {
        column--;
      }
    }
  }
}
