package dev.vivarium.cli.shell;

import dev.vivarium.cli.Context;
import dev.vivarium.cli.Main;
import dev.vivarium.cli.UserInput;
import dev.vivarium.cli.output.Text;
import dev.vivarium.cli.run.Spares;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntBiFunction;
import java.util.regex.Pattern;
import org.jline.reader.Candidate;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.Highlighter;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jline.utils.NonBlockingInputStream;

/** The prompt: reads lines from a terminal, with completion and history, and has them run. */
final class Repl {
  private static final String PROMPT = "viv> ";
  private static final String MORE = "...> ";
  private static final int HISTORY_SIZE = 10_000;
  private static final int INTERRUPTED = 130;
  private static final long TERMINAL_POLL_MILLIS = 700;

  /** Where a read that nobody wants any more is noticed. */
  private static final long INPUT_POLL_MILLIS = 50;

  private final Terminal terminal;
  private final LineReader reader;
  private final Session session;
  private final Context context;

  private Repl(Terminal terminal, Context outer, ToIntBiFunction<String[], Context> dispatch) {
    this.terminal = terminal;
    this.context =
        new Context(
            outer.out(),
            outer.err(),
            outer.environment(),
            new TerminalInput(terminal),
            Spares.kept());
    this.session = new Session(context, dispatch);
    Candidates candidates =
        new Candidates(context, session.variables(), session.aliases(), Candidates.OWN);
    this.reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .appName("viv")
            .parser(new LineParser())
            .completer((r, line, out) ->
                candidates.at(line.words().subList(0, line.wordIndex() + 1)).stream()
                    .map(Repl::candidate)
                    .forEach(out::add))
            .highlighter(new Colours(candidates))
            .variable(LineReader.SECONDARY_PROMPT_PATTERN, MORE)
            .variable(LineReader.HISTORY_FILE, historyFile())
            .variable(LineReader.HISTORY_SIZE, HISTORY_SIZE)
            .variable(LineReader.HISTORY_FILE_SIZE, HISTORY_SIZE)
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .option(LineReader.Option.HISTORY_IGNORE_SPACE, true)
            .option(LineReader.Option.AUTO_FRESH_LINE, true)
            .option(LineReader.Option.CASE_INSENSITIVE, true)
            .build();
  }

  /** Runs until {@code exit} or the end of input; returns the exit code. */
  static int run(Context outer, ToIntBiFunction<String[], Context> dispatch) throws IOException {
    try (Terminal terminal =
        TerminalBuilder.builder()
            .system(true)
            .provider("ffm")
            .encoding(StandardCharsets.UTF_8)
            .nativeSignals(true)
            .signalHandler(Terminal.SignalHandler.SIG_IGN)
            .build()) {
      if (terminal.getWidth() == 0) {
        // A pseudo-terminal whose maker did not say: as programs of old take it.
        terminal.setSize(new Size(80, 24));
      }
      Repl repl = new Repl(terminal, outer, dispatch);
      Aliases.read(outer.environment(), repl.session, outer.err());
      try (Spares spares = repl.context.spares();
          StatusLine status = new StatusLine(terminal, repl.reader, repl.context, repl.session)) {
        endWithTerminal(spares);
        status.start();
        return repl.loop(spares, status);
      }
    }
  }

  /**
   * Ends this process when its terminal is gone. That is what SIGHUP does; but where it is ignored,
   * as below nohup, a read finds nothing without waiting, and the reader would ask for ever.
   */
  private static void endWithTerminal(Spares spares) {
    if (!hasTerminal()) {
      return;
    }
    Thread watch =
        new Thread(
            () -> {
              try {
                // Several times: a descriptor may be wanting for a moment.
                for (int missed = 0; missed < 3; missed = hasTerminal() ? 0 : missed + 1) {
                  Thread.sleep(TERMINAL_POLL_MILLIS);
                }
                spares.close();
                Main.hangUp();
              } catch (InterruptedException e) {
                // Nobody does that.
              }
            },
            "terminal");
    watch.setDaemon(true);
    watch.start();
  }

  /** Whether this process has a terminal of its own that still is one. */
  private static boolean hasTerminal() {
    try (var terminal = new FileInputStream("/dev/tty")) {
      return terminal.getFD().valid();
    } catch (IOException e) {
      return false;
    }
  }

  private static Candidate candidate(String text) {
    // More may follow a directory, and a sandbox's name in cp.
    boolean complete = !text.endsWith("/") && !text.endsWith(":") && !text.endsWith("=");
    return new Candidate(text, text, null, null, null, null, complete);
  }

  private Path historyFile() {
    String state = context.environment().getOrDefault("XDG_STATE_HOME", "");
    String home = context.environment().getOrDefault("HOME", System.getProperty("user.home"));
    Path base = state.startsWith("/") ? Path.of(state) : Path.of(home, ".local/state");
    Path file = base.resolve("vivarium/shell-history");
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      // Then there is none to remember.
    }
    return file;
  }

  private int loop(Spares spares, StatusLine status) {
    if (reader.getHistory().isEmpty()) {
      println("Vivarium. help lists the commands, Tab completes, exit or Ctrl-D ends.");
    }
    while (!session.hasEnded()) {
      spares.refill();
      String line;
      try {
        line = reader.readLine(PROMPT);
      } catch (UserInterruptException e) {
        continue;
      } catch (EndOfFileException e) {
        break;
      }
      Thread runner = Thread.currentThread();
      Terminal.SignalHandler before =
          terminal.handle(Terminal.Signal.INT, signal -> runner.interrupt());
      status.leave();
      try {
        session.run(line);
      } catch (InterruptedException e) {
        println("");
      } catch (Words.Incomplete e) {
        println("viv: a quote is open");
      } finally {
        terminal.handle(Terminal.Signal.INT, before);
        status.enter();
        // One that came as the command ended is not the next one's.
        Thread.interrupted();
      }
    }
    return session.lastCode() == INTERRUPTED ? 0 : session.lastCode();
  }

  private void println(String text) {
    PrintStream out = context.out();
    out.println(text);
    out.flush();
  }

  /** The shell's own words, for completion; and whether a line is whole, for Enter. */
  private static final class LineParser implements Parser {
    private final DefaultParser words = new DefaultParser();

    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
      if (context == ParseContext.ACCEPT_LINE && !line.stripLeading().startsWith("!")) {
        try {
          Words.of(line, name -> "");
        } catch (Words.Incomplete e) {
          throw new EOFError(-1, cursor, "more");
        }
      }
      return words.parse(line, cursor, ParseContext.COMPLETE);
    }
  }

  /** A command that there is not shows before Enter does. */
  private static final class Colours implements Highlighter {
    private final Candidates candidates;

    Colours(Candidates candidates) {
      this.candidates = candidates;
    }

    @Override
    public AttributedString highlight(LineReader reader, String buffer) {
      int start = 0;
      while (start < buffer.length() && buffer.charAt(start) == ' ') {
        start++;
      }
      int end = start;
      while (end < buffer.length() && buffer.charAt(end) > ' ' && buffer.charAt(end) != '|') {
        end++;
      }
      String word = buffer.substring(start, end);
      AttributedStyle style =
          word.startsWith("!")
              ? AttributedStyle.DEFAULT.foreground(AttributedStyle.MAGENTA)
              : candidates.isCommand(word)
                  ? AttributedStyle.DEFAULT.bold()
                  : AttributedStyle.DEFAULT.foreground(AttributedStyle.RED);
      return new AttributedStringBuilder()
          .append(buffer, 0, start)
          .append(word, style)
          .append(buffer, end, buffer.length())
          .toAttributedString();
    }

    @Override
    public void setErrorPattern(Pattern pattern) {
      // There is none.
    }

    @Override
    public void setErrorIndex(int index) {
      // There is none.
    }
  }

  /** The terminal's input for a command that takes it over; stops when the command has ended. */
  private static final class TerminalInput implements UserInput {
    private final Terminal terminal;

    TerminalInput(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public int read(byte[] buffer, int length, BooleanSupplier unwanted) throws IOException {
      NonBlockingInputStream in = (NonBlockingInputStream) terminal.input();
      while (!unwanted.getAsBoolean()) {
        int b = in.read(INPUT_POLL_MILLIS);
        if (b == NonBlockingInputStream.READ_EXPIRED) {
          continue;
        }
        if (b < 0) {
          return -1;
        }
        buffer[0] = (byte) b;
        int count = 1;
        while (count < length && (b = in.read(1)) >= 0) {
          buffer[count++] = (byte) b;
        }
        return count;
      }
      return -1;
    }
  }

  /** Names that stand for the beginning of a line, from the user's file. */
  private static final class Aliases {
    private Aliases() {}

    static void read(Map<String, String> environment, Session session, PrintStream err) {
      String config = environment.getOrDefault("XDG_CONFIG_HOME", "");
      String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
      Path base = config.startsWith("/") ? Path.of(config) : Path.of(home, ".config");
      Path file = base.resolve("vivarium/aliases");
      if (!Files.exists(file)) {
        return;
      }
      try {
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
          String line = lines.get(i).strip();
          int equals = line.indexOf('=');
          if (line.isEmpty() || line.startsWith("#")) {
            continue;
          }
          if (equals < 1) {
            err.println(
                "viv: " + file + ":" + (i + 1) + ": not NAME=COMMAND: " + Text.printable(line));
            continue;
          }
          session
              .aliases()
              .put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        }
      } catch (IOException e) {
        err.println("viv: cannot read " + file + ": " + e.getMessage());
      }
    }
  }
}
