package dev.vivarium.cli.shell;

import dev.vivarium.cli.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToIntBiFunction;

/** One run of the shell: variables, aliases, and what a line does. Knows nothing of terminals. */
final class Session {
  /** What a shell gives for a name it does not know, and for a signal. */
  private static final int NOT_FOUND = 127;

  private static final int USAGE = 2;

  private final Context context;
  private final ToIntBiFunction<String[], Context> dispatch;
  private final Map<String, String> variables = new TreeMap<>();
  private final Map<String, String> aliases = new TreeMap<>();
  private int lastCode;
  private boolean ended;

  /**
   * @param dispatch runs a command of viv; the result is its exit code
   */
  Session(Context context, ToIntBiFunction<String[], Context> dispatch) {
    this.context = context;
    this.dispatch = dispatch;
  }

  boolean hasEnded() {
    return ended;
  }

  int lastCode() {
    return lastCode;
  }

  Map<String, String> variables() {
    return variables;
  }

  Map<String, String> aliases() {
    return aliases;
  }

  private String value(String name) {
    if (name.equals("?")) {
      return Integer.toString(lastCode);
    }
    return variables.getOrDefault(name, context.environment().getOrDefault(name, ""));
  }

  /** Does what a line says; returns its exit code. */
  int run(String line) throws Words.Incomplete, InterruptedException {
    String stripped = line.strip();
    if (stripped.startsWith("!")) {
      lastCode = host(stripped.substring(1));
      return lastCode;
    }
    Words words = Words.of(expandAlias(stripped), this::value);
    if (!words.words().isEmpty()) {
      lastCode = words.pipe().isEmpty() ? command(words.words(), context) : piped(words);
    } else if (!words.pipe().isEmpty()) {
      context.err().println("viv: | needs a command before it; ! runs one of this machine alone");
      lastCode = USAGE;
    }
    return lastCode;
  }

  /** As a shell does: each alias once, so that it may begin with its own name. */
  private String expandAlias(String line) {
    Set<String> used = new HashSet<>();
    String expanded = line;
    while (true) {
      int end = 0;
      while (end < expanded.length() && !Character.isWhitespace(expanded.charAt(end))) {
        end++;
      }
      String word = expanded.substring(0, end);
      String alias = aliases.get(word);
      if (alias == null || !used.add(word)) {
        return expanded;
      }
      expanded = alias + expanded.substring(end);
    }
  }

  private int command(List<String> words, Context where) {
    switch (words.get(0)) {
      case "exit", "quit" -> {
        return exit(words, where);
      }
      case "set" -> {
        return set(words, variables, where);
      }
      case "unset" -> {
        words.subList(1, words.size()).forEach(variables::remove);
        return 0;
      }
      case "alias" -> {
        return set(words, aliases, where);
      }
      case "unalias" -> {
        words.subList(1, words.size()).forEach(aliases::remove);
        return 0;
      }
      case "echo" -> {
        where.out().println(String.join(" ", words.subList(1, words.size())));
        where.out().flush();
        return 0;
      }
      case "gui", "shell" -> {
        where.err().println("viv: " + words.get(0) + ": not from within the shell");
        return USAGE;
      }
      default -> {
        Last last = new Last(where.out());
        try (PrintStream out = new PrintStream(last, false, StandardCharsets.UTF_8)) {
          Context watched =
              words.get(0).equals("run") && (words.contains("-d") || words.contains("--detach"))
                  ? where.withOut(out)
                  : where;
          int code = dispatch.applyAsInt(words.toArray(String[]::new), watched);
          out.flush();
          if (code == 0 && !last.text().isEmpty()) {
            variables.put("last", last.text());
          }
          return code;
        }
      }
    }
  }

  private int exit(List<String> words, Context where) {
    if (words.size() > 1 && !words.get(1).matches("[0-9]{1,3}")) {
      where.err().println("viv: exit: not a number: " + words.get(1));
      return USAGE;
    }
    ended = true;
    return words.size() > 1 ? Integer.parseInt(words.get(1)) & 0xff : lastCode;
  }

  /** {@code set} alone lists; {@code set NAME VALUE...} and {@code set NAME=VALUE} set. */
  private static int set(List<String> words, Map<String, String> map, Context where) {
    if (words.size() == 1) {
      map.forEach((name, value) -> where.out().println(name + "=" + value));
      where.out().flush();
      return 0;
    }
    String first = words.get(1);
    int equals = first.indexOf('=');
    String name = equals < 0 ? first : first.substring(0, equals);
    List<String> rest = new ArrayList<>(words.subList(2, words.size()));
    if (equals >= 0) {
      rest.add(0, first.substring(equals + 1));
    }
    boolean valid = !name.isEmpty();
    for (int i = 0; valid && i < name.length(); i++) {
      valid = Words.isNamePart(name.charAt(i), i == 0) || i > 0 && name.charAt(i) == '-';
    }
    if (!valid || rest.isEmpty()) {
      where.err().println("viv: usage: " + words.get(0) + " NAME=VALUE");
      return USAGE;
    }
    map.put(name, String.join(" ", rest));
    return 0;
  }

  /** A command of this machine, by its shell, on the same terminal. */
  private int host(String command) throws InterruptedException {
    try {
      return new ProcessBuilder("/bin/sh", "-c", command).inheritIO().start().waitFor();
    } catch (IOException e) {
      context.err().println("viv: cannot run /bin/sh: " + e.getMessage());
      return NOT_FOUND;
    }
  }

  /**
   * The command's output into one of this machine. Its exit code is the pipe's, as in any shell.
   * What runs in a sandbox has its own streams, so that there {@code viv} itself is run.
   */
  private int piped(Words words) throws InterruptedException {
    String verb = words.words().get(0);
    String program = context.environment().getOrDefault("VIVARIUM_PROGRAM", "viv");
    if (verb.equals("run") || verb.equals("exec")) {
      StringBuilder line = new StringBuilder(quote(program));
      words.words().forEach(w -> line.append(' ').append(quote(w)));
      return host(line + " | " + words.pipe());
    }
    Process process;
    try {
      process =
          new ProcessBuilder("/bin/sh", "-c", words.pipe())
              .redirectOutput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      context.err().println("viv: cannot run /bin/sh: " + e.getMessage());
      return NOT_FOUND;
    }
    try (PrintStream into =
        new PrintStream(process.getOutputStream(), false, StandardCharsets.UTF_8)) {
      command(words.words(), context.withOut(into));
    }
    return process.waitFor();
  }

  static String quote(String word) {
    return word.matches("[A-Za-z0-9_./:=@%+,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /** Passes on what is written, and keeps the last word of it: an id, say. */
  private static final class Last extends OutputStream {
    private static final int MAX = 64;

    private final PrintStream to;
    private final StringBuilder word = new StringBuilder();
    private boolean atEnd;

    Last(PrintStream to) {
      this.to = to;
    }

    @Override
    public void write(int b) {
      to.write(b);
      if (b <= ' ') {
        atEnd = true;
      } else {
        if (atEnd) {
          word.setLength(0);
          atEnd = false;
        }
        if (word.length() < MAX) {
          word.append((char) (b & 0xff));
        }
      }
    }

    @Override
    public void flush() {
      to.flush();
    }

    String text() {
      return word.toString();
    }
  }
}
