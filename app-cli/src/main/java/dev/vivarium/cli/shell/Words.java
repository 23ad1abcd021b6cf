package dev.vivarium.cli.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A line taken apart as a shell does: words with quotes, backslashes and variables, and what comes
 * behind the first {@code |} for this machine's shell.
 *
 * @param words of the command
 * @param pipe what its output goes into; empty if nowhere
 */
record Words(List<String> words, String pipe) {
  /** A quote or a backslash waits for more lines. */
  static final class Incomplete extends Exception {
    private static final long serialVersionUID = 1;
  }

  /**
   * Takes a line apart.
   *
   * @param variables gives the value of a name; empty for one that is not set
   */
  static Words of(String line, UnaryOperator<String> variables) throws Incomplete {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean inWord = false;
    int at = 0;
    while (at < line.length()) {
      char c = line.charAt(at);
      if (c == ' ' || c == '\t' || c == '\n') {
        if (inWord) {
          words.add(word.toString());
          word.setLength(0);
          inWord = false;
        }
        at++;
      } else if (c == '#' && !inWord) {
        int end = line.indexOf('\n', at);
        at = end < 0 ? line.length() : end;
      } else if (line.startsWith("\\\n", at)) {
        at += 2;
      } else if (c == '|') {
        break;
      } else {
        inWord = true;
        at = part(line, at, word, variables);
      }
    }
    if (inWord) {
      words.add(word.toString());
    }
    return new Words(words, at < line.length() ? line.substring(at + 1).strip() : "");
  }

  /** Adds what begins here to the word; returns where it ends. */
  private static int part(String line, int at, StringBuilder word, UnaryOperator<String> variables)
      throws Incomplete {
    char c = line.charAt(at);
    if (c == '\\') {
      if (at + 1 == line.length()) {
        throw new Incomplete();
      }
      if (line.charAt(at + 1) != '\n') {
        word.append(line.charAt(at + 1));
      }
      return at + 2;
    }
    if (c == '\'') {
      int end = line.indexOf('\'', at + 1);
      if (end < 0) {
        throw new Incomplete();
      }
      word.append(line, at + 1, end);
      return end + 1;
    }
    if (c == '"') {
      return quoted(line, at + 1, word, variables);
    }
    if (c == '$') {
      return variable(line, at, word, variables);
    }
    word.append(c);
    return at + 1;
  }

  private static int quoted(
      String line, int from, StringBuilder word, UnaryOperator<String> variables)
      throws Incomplete {
    int at = from;
    while (at < line.length()) {
      char c = line.charAt(at);
      if (c == '"') {
        return at + 1;
      }
      if (c == '\\' && at + 1 < line.length() && "\"\\$".indexOf(line.charAt(at + 1)) >= 0) {
        word.append(line.charAt(at + 1));
        at += 2;
      } else if (c == '$') {
        at = variable(line, at, word, variables);
      } else {
        word.append(c);
        at++;
      }
    }
    throw new Incomplete();
  }

  /** {@code $NAME}, {@code ${NAME}} or {@code $?}; any other dollar is one. */
  private static int variable(
      String line, int at, StringBuilder word, UnaryOperator<String> variables) {
    int from = at + 1;
    if (from < line.length() && line.charAt(from) == '?') {
      word.append(variables.apply("?"));
      return from + 1;
    }
    boolean braces = from < line.length() && line.charAt(from) == '{';
    int start = braces ? from + 1 : from;
    int end = start;
    while (end < line.length() && isNamePart(line.charAt(end), end == start)) {
      end++;
    }
    boolean closed = !braces || end < line.length() && line.charAt(end) == '}';
    if (end == start || !closed) {
      word.append('$');
      return from;
    }
    word.append(variables.apply(line.substring(start, end)));
    return braces ? end + 1 : end;
  }

  static boolean isNamePart(char c, boolean first) {
    return c == '_'
        || c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || !first && c >= '0' && c <= '9';
  }
}
