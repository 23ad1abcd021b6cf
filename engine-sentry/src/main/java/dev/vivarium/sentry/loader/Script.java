package dev.vivarium.sentry.loader;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first line of a script.
 *
 * @param interpreter the program that is to read it
 * @param argument all that follows on the line, as one argument; null if nothing does
 */
public record Script(String interpreter, @Nullable String argument) {
  /**
   * Reads "#!interpreter argument" (fs/binfmt_script.c).
   *
   * @return null if there is no interpreter, or the line is cut off inside its name
   */
  public static @Nullable Script parse(byte[] start, int length) {
    int end = 2;
    while (end < length && start[end] != '\n' && start[end] != 0) {
      end++;
    }
    boolean cut = end == length && length == 256;
    int i = skip(start, 2, end);
    int nameEnd = i;
    while (nameEnd < end && !isBlank(start[nameEnd])) {
      nameEnd++;
    }
    if (nameEnd == i || cut && nameEnd == end) {
      return null;
    }
    String name = text(start, i, nameEnd);
    int argument = skip(start, nameEnd, end);
    while (end > argument && isBlank(start[end - 1])) {
      end--;
    }
    return new Script(name, argument < end ? text(start, argument, end) : null);
  }

  private static int skip(byte[] b, int i, int end) {
    while (i < end && isBlank(b[i])) {
      i++;
    }
    return i;
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static String text(byte[] b, int from, int to) {
    return new String(b, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
