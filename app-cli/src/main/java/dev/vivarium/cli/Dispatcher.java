package dev.vivarium.cli;

import dev.vivarium.cli.run.Terminal;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.image.ImageException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.ClosedByInterruptException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** From the words of a command line to a command, and from its end to an exit code. */
public final class Dispatcher {
  private static final int INTERRUPTED = 130;

  /**
   * In place of picocli's own, which looks for Groovy when it is made: for a class that is not
   * there the JVM opens the jar and reads all its names, in 7 ms.
   */
  private static final IFactory FACTORY =
      new IFactory() {
        @Override
        public <K> K create(Class<K> type) throws Exception {
          return type.getDeclaredConstructor().newInstance();
        }
      };

  static {
    // All our values are strings: picocli need not look for the types of java.time and java.sql.
    System.setProperty("picocli.converters.excludes", ".*");
  }

  private final Context context;
  private boolean debug;

  /** Makes one for commands that see this. */
  public Dispatcher(Context context) {
    this.context = context;
  }

  /** Runs what the words say; errors are said, and the result is the exit code. */
  public int run(String[] args) {
    try {
      int code = dispatch(args);
      context.out().flush();
      if (context.out().checkError()) {
        // Whoever read our output went away, as in "viv ps | head -1".
        return 141;
      }
      return code;
    } catch (CliException e) {
      return failed(e.exitCode(), e.getMessage(), e);
    } catch (EngineException e) {
      return failed(e.exitCode(), e.getMessage(), e);
    } catch (ImageException e) {
      return failed(CliException.FAILED, e.getMessage(), e);
    } catch (ClosedByInterruptException e) {
      return failed(INTERRUPTED, "interrupted", e);
    } catch (IOException e) {
      return failed(CliException.FAILED, Reason.of(e), e);
    } catch (InterruptedException e) {
      return failed(INTERRUPTED, "interrupted", e);
    } catch (OutOfMemoryError e) {
      return failed(CliException.FAILED, "this process has no memory left", e);
    } catch (RuntimeException | Error e) {
      return failed(
          CliException.FAILED, "this should not happen: " + e + "; --debug shows where", e);
    }
  }

  private int failed(int code, @Nullable String message, Throwable why) {
    context.out().flush();
    context.err().println("viv: " + message);
    if (debug) {
      why.printStackTrace(context.err());
    }
    return code;
  }

  private int dispatch(String[] args)
      throws CliException, EngineException, ImageException, IOException, InterruptedException {
    int at = 0;
    while (at < args.length && args[at].equals("--debug")) {
      debug = true;
      at++;
    }
    if (at == args.length && Terminal.isTerminal(0) && Terminal.isTerminal(1)) {
      return dispatch(new String[] {Verbs.SHELL.word()});
    }
    if (at == args.length) {
      help(context.err());
      return CliException.USAGE;
    }
    String word = args[at];
    String[] rest = Arrays.copyOfRange(args, at + 1, args.length);
    switch (word) {
      case "--help", "-h" -> {
        help(context.out());
        return 0;
      }
      case "help" -> {
        return rest.length == 0 ? dispatch(new String[] {"--help"}) : helpFor(rest[0]);
      }
      case "--version", "-v" -> word = "version";
      default -> {
        // A verb.
      }
    }
    Optional<Verbs> verb = Verbs.find(word);
    if (verb.isEmpty()) {
      throw unknown(word);
    }
    return execute(verb.get(), rest);
  }

  private static CliException unknown(String word) {
    Optional<String> similar = Verbs.similar(word);
    return new CliException(
        CliException.USAGE,
        "no such command: "
            + word
            + "; "
            + (similar.isPresent()
                ? "did you mean " + similar.get() + "?"
                : "viv --help lists them"));
  }

  private int helpFor(String word) throws CliException {
    Verbs verb = Verbs.find(word).orElseThrow(() -> unknown(word));
    new CommandLine(spec(verb, verb.command())).usage(context.out(), ansi());
    return 0;
  }

  private Ansi ansi() {
    return context.environment().containsKey("NO_COLOR") ? Ansi.OFF : Ansi.AUTO;
  }

  /** What picocli must know of a verb. */
  static CommandSpec spec(Verbs verb, Command command) {
    // Not by +, here alone: the first one in a process sets up the machinery of method handles.
    CommandSpec spec =
        CommandSpec.wrapWithoutInspection(null, FACTORY).name("viv ".concat(verb.word()));
    spec.usageMessage().description(verb.summary().concat(".")).width(100).autoWidth(true);
    spec.addOption(
        OptionSpec.builder("--help").usageHelp(true).description("Show this help.").build());
    spec.addOption(
        OptionSpec.builder("--debug").description("Show where an error comes from.").build());
    command.declare(spec);
    return spec;
  }

  private int execute(Verbs verb, String[] args)
      throws CliException, EngineException, ImageException, IOException, InterruptedException {
    Command command = verb.command();
    CommandLine line = new CommandLine(spec(verb, command), FACTORY);
    ParseResult arguments;
    try {
      arguments = line.parseArgs(args);
    } catch (ParameterException e) {
      throw new CliException(CliException.USAGE, usageError(verb, e), e);
    }
    if (arguments.isUsageHelpRequested()) {
      line.usage(context.out(), ansi());
      return 0;
    }
    debug |= arguments.hasMatchedOption("--debug");
    return command.run(arguments, context);
  }

  private static String usageError(Verbs verb, ParameterException e) {
    String message = e.getMessage();
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      message = unmatched(unmatched.getUnmatched().get(0), e.getCommandLine());
    }
    return verb.word() + ": " + message + "; viv " + verb.word() + " --help shows the usage";
  }

  private static String unmatched(String word, CommandLine line) {
    if (!word.startsWith("-")) {
      return "too many arguments: " + word;
    }
    List<String> options =
        line.getCommandSpec().options().stream()
            .flatMap(option -> Arrays.stream(option.names()))
            .toList();
    return "no such option: "
        + word
        + Spelling.closest(word.replaceFirst("=.*", ""), options)
            .map(option -> "; did you mean " + option + "?")
            .orElse("");
  }

  private void help(PrintStream to) {
    to.println("Usage: viv COMMAND [ARGUMENTS]");
    to.println();
    to.println("Run software you do not trust, and watch what it does.");
    to.println();
    for (Verbs verb : Verbs.values()) {
      to.printf("  %-12s %s%n", verb.word(), verb.summary());
    }
    to.println();
    to.println("viv help COMMAND shows what a command takes. Try: viv run host -- uname -a");
  }
}
