package dev.vivarium.gui.frame;

import dev.vivarium.engine.state.Reason;
import java.io.IOException;

/**
 * Something that went wrong, as the user is told.
 *
 * @param what is wrong, and where
 * @param remedy what to do; empty if there is nothing to be done
 */
public record Problem(String what, String remedy) {
  private static final int MOST = 600;

  /** From the line that the command line would print: {@code what: where; what to do}. */
  public static Problem of(Throwable e) {
    String line =
        e instanceof IOException io ? Reason.of(io) : e.getMessage() == null ? "" : e.getMessage();
    return line.isBlank() ? new Problem(e.getClass().getSimpleName(), "") : ofLine(line);
  }

  /** The same, of the line itself. */
  public static Problem ofLine(String text) {
    String line = printable(text.startsWith("viv: ") ? text.substring(5) : text);
    int end = line.lastIndexOf("; ");
    return end < 0
        ? new Problem(sentence(line), "")
        : new Problem(sentence(line.substring(0, end)), sentence(line.substring(end + 2)));
  }

  private static String sentence(String text) {
    return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  private static String printable(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(MOST)
        .forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
    return out.toString().strip();
  }
}
