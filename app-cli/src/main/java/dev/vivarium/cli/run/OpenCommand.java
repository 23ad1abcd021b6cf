package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.host.GuiCommand;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.open.Detection;
import dev.vivarium.engine.open.Detector;
import dev.vivarium.engine.open.Download;
import dev.vivarium.engine.open.Intake;
import dev.vivarium.engine.open.OpenPlan;
import dev.vivarium.engine.open.Planned;
import dev.vivarium.engine.open.Planner;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.profiles.Profile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code viv open}: what is this file, what does it do when it is run, and what of that is to stay?
 */
public final class OpenCommand extends Command {
  private static final int CANNOT_RUN = 126;
  private static final String DEFAULT_PROFILE = "untrusted";
  private static final String DEFAULT_SIZE = "1g";
  private static final String DEFAULT_TIME = "10m";

  @Override
  public void declare(CommandSpec spec) {
    // What follows FILE is a command, dashes or not.
    spec.parser().stopAtPositional(true);
    option(spec, "PROFILE", "What it is allowed and given (default: untrusted).", "--profile");
    option(spec, "IMAGE", "What to run it in (default: by what it is).", "--image");
    option(
        spec,
        "ENGINE",
        "sentry, microvm, or auto: which suits it, and why (default: sentry).",
        "--engine");
    option(spec, "NAME", "The sandbox's name (default: made up).", "--name");
    option(spec, "TIME", "End it after this long.", "--timeout");
    flag(spec, "Connect standard input.", "-i", "--interactive");
    flag(spec, "Give it this terminal, and all power over what that shows.", "-t", "--tty");
    flag(spec, "Show it in the desktop, which asks how to run it.", "--gui");
    flag(spec, "Say what it is and how it would be run, and do not run it.", "--dry-run");
    flag(spec, "Fetch its image, if it needs one that is not here, without asking.", "--pull");
    flag(spec, "Do not ask at the end: keep the sandbox.", "--keep");
    flag(spec, "Do not ask at the end: remove it.", "--discard");
    option(
        spec,
        "DIR",
        "Do not ask at the end: put what it made or changed there, and remove it.",
        "--save");
    option(spec, "FORMAT", "The report: text, json, html or none (default: text).", "--format");
    option(spec, "FILE", "Write the report to a file as well: .txt, .json, .html.", "--report");
    option(spec, "SIZE", "The most to download (default: 1g).", "--max-size");
    option(spec, "TIME", "How long a download may take (default: 10m).", "--download-timeout");
    parameters(
        spec,
        "0..*",
        "1..*",
        "FILE|URL [COMMAND]",
        "A file, or where to fetch it; and, where you know better, a command for it, in which {}"
            + " stands for the file.");
    spec.usageMessage()
        .footer(
            "",
            "Each line that it writes is shown after a bar, and nothing in it reaches your"
                + " terminal. Then comes",
            "the report, and the question what of it is to stay.",
            "",
            "Examples:",
            "  viv open ~/Downloads/setup.sh",
            "  viv open https://example.org/tool.AppImage",
            "  viv open --discard --format json invoice.pdf",
            "  viv open data.bin -- strings {}",
            "",
            "Exit codes: the file's own; 126 it cannot be told how to run it; the others as for viv"
                + " run.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, EngineException, ImageException, IOException, InterruptedException {
    String[] words = positionals(arguments);
    checkFlags(arguments);
    if (arguments.hasMatchedOption("--gui")) {
      return show(words);
    }
    String profileName = arguments.matchedOptionValue("--profile", DEFAULT_PROFILE);
    Profile profile = ProfileValues.load(Optional.of(profileName), context).orElseThrow();
    try (Intake intake = Intake.create(context.directories())) {
      Thread onExit = new Thread(() -> close(intake), "remove-copy");
      Runtime.getRuntime().addShutdownHook(onExit);
      try {
        Path copy = fetch(words[0], intake, arguments, context);
        String name = String.valueOf(copy.getFileName());
        Detection what = new Detector().detect(copy, name);
        context.err().println("viv: " + name + ": " + Text.printable(what.summary()));
        OpenPlan plan = choose(words, name, what, arguments, context);
        if (arguments.hasMatchedOption("--dry-run")) {
          return show(name, what, plan, profileName, arguments, context);
        }
        requireImage(plan.image(), arguments, context);
        context
            .err()
            .println(
                "viv: "
                    + plan.label()
                    + ", in "
                    + plan.image()
                    + ", profile "
                    + Text.printable(profileName)
                    + ": "
                    + Text.printable(plan.commandLine(name)));
        String home = OpenPlan.home(profile);
        OpenedRun run = new OpenedRun(arguments, context);
        return run.run(intake, plan, plan.arguments(name, home), home, profileName, profile);
      } finally {
        remove(onExit);
      }
    }
  }

  /** In the desktop. */
  private static int show(String[] words) throws CliException, IOException {
    Path file = Path.of(words[0]).toAbsolutePath();
    if (words.length > 1 || Download.isUrl(words[0]) || !Files.isRegularFile(file)) {
      throw new CliException(CliException.USAGE, "open: --gui: give one file that is here");
    }
    GuiCommand.start(List.of(file.toString()));
    return 0;
  }

  private static void close(Intake intake) {
    try {
      intake.close();
    } catch (IOException e) {
      // The next one removes it, in a day.
    }
  }

  private static void remove(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It runs.
    }
  }

  private static void checkFlags(ParseResult arguments) throws CliException {
    long ends =
        Arrays.stream(new String[] {"--keep", "--discard", "--save"})
            .filter(arguments::hasMatchedOption)
            .count();
    if (ends > 1) {
      throw new CliException(
          CliException.USAGE, "open: --keep, --discard, --save: give one of them");
    }
    String format = arguments.matchedOptionValue("--format", "text");
    if (!format.matches("text|json|html|none")) {
      throw new CliException(
          CliException.USAGE,
          "open: --format: unknown: " + format + "; there are text, json, html and none");
    }
    String save = arguments.matchedOptionValue("--save", (String) null);
    if (save != null && Files.exists(Path.of(save)) && !isEmptyDirectory(Path.of(save))) {
      throw new CliException(
          CliException.FAILED, "not a new or empty directory: " + save + "; give another --save");
    }
    if (arguments.hasMatchedOption("-t") && !Terminal.isTerminal(0)) {
      throw new CliException(
          CliException.USAGE,
          "open: -t: standard input is not a terminal; leave out -t for pipes and files");
    }
  }

  private static boolean isEmptyDirectory(Path path) {
    try (var inside = Files.list(path)) {
      return inside.findAny().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  /** The private copy of the file, or what was downloaded. */
  private static Path fetch(String word, Intake intake, ParseResult arguments, Context context)
      throws CliException, InterruptedException {
    if (Download.isUrl(word)) {
      return download(word, intake, arguments, context);
    }
    try {
      Path file = Path.of(word);
      if (!Files.exists(file)) {
        throw new IOException("no such file");
      }
      return intake.take(file);
    } catch (IOException | InvalidPathException e) {
      throw new CliException(
          CliException.FAILED,
          "cannot open: " + Text.printable(word) + ": " + Text.printable(reason(e)),
          e);
    }
  }

  private static String reason(Exception e) {
    return e instanceof IOException io ? Reason.of(io) : "not a name that a file can have";
  }

  private static Path download(String word, Intake intake, ParseResult arguments, Context context)
      throws CliException, InterruptedException {
    String size = arguments.matchedOptionValue("--max-size", DEFAULT_SIZE);
    String time = arguments.matchedOptionValue("--download-timeout", DEFAULT_TIME);
    long most = Values.size("open: --max-size", size);
    Duration limit = Values.duration("open: --download-timeout", time);
    String from = Text.printable(word);
    try {
      URI uri = Download.parse(word);
      context
          .err()
          .println(
              "viv: downloading "
                  + from
                  + " as this machine, outside of any sandbox: at most "
                  + size
                  + " within "
                  + time);
      long[] shown = {0};
      Path file =
          new Download(uri, most, limit)
              .into(
                  intake,
                  bytes -> {
                    if (Terminal.isTerminal(2) && bytes - shown[0] > 1 << 20) {
                      shown[0] = bytes;
                      context.err().print("\r" + Text.bytes(bytes) + "   ");
                      context.err().flush();
                    }
                  });
      context
          .err()
          .println((shown[0] > 0 ? "\r" : "") + "viv: downloaded " + Text.bytes(Files.size(file)));
      return file;
    } catch (IOException e) {
      throw new CliException(
          CliException.FAILED, "cannot download: " + from + ": " + Text.printable(Reason.of(e)), e);
    }
  }

  private static OpenPlan choose(
      String[] words, String name, Detection what, ParseResult arguments, Context context)
      throws CliException, IOException {
    String image = arguments.matchedOptionValue("--image", (String) null);
    List<String> command = SpecBuilder.command(words);
    if (!command.isEmpty()) {
      return OpenPlan.of(image == null ? Planner.HOST : image, command);
    }
    OpenPlan plan =
        switch (new Planner().plan(what)) {
          case Planned.Ready ready -> ready.plan();
          case Planned.Unsure unsure -> ask(unsure, name, what, context);
        };
    return image == null ? plan : plan.in(image);
  }

  private static OpenPlan ask(Planned.Unsure unsure, String name, Detection what, Context context)
      throws CliException, IOException {
    CliException none =
        new CliException(
            CANNOT_RUN,
            "cannot tell how to run "
                + name
                + " ("
                + Text.printable(what.mediaType())
                + "): "
                + Text.printable(unsure.why())
                + "; say how: viv open FILE -- COMMAND {}");
    if (unsure.ways().isEmpty() || !Question.canAsk()) {
      throw none;
    }
    context.err().println("viv: " + Text.printable(unsure.why()) + ". What is to be done with it?");
    for (int i = 0; i < unsure.ways().size(); i++) {
      context.err().println("  " + (i + 1) + "  " + unsure.ways().get(i).label());
    }
    String answer = Question.ask(context, "which? (Enter: nothing)");
    if (answer.matches("[1-9]") && Integer.parseInt(answer) <= unsure.ways().size()) {
      return unsure.ways().get(Integer.parseInt(answer) - 1);
    }
    throw none;
  }

  private static void requireImage(String image, ParseResult arguments, Context context)
      throws CliException, ImageException, IOException {
    if (image.equals(Planner.HOST)
        || ImageStore.isArchive(image)
        || arguments.hasMatchedOption("--pull")) {
      return;
    }
    try (ImageStore store = ImageStore.open()) {
      if (store.find(image).isPresent()) {
        return;
      }
    }
    if (Question.canAsk()
        && Question.ask(context, "viv: it needs the image " + image + ". Fetch it? [y/N]")
            .toLowerCase(java.util.Locale.ROOT)
            .startsWith("y")) {
      return;
    }
    throw new CliException(
        CliException.FAILED,
        "it needs an image that is not here: "
            + image
            + "; fetch it with --pull, or say what to run: viv open --image IMAGE FILE -- COMMAND"
            + " {}");
  }

  private static int show(
      String name,
      Detection what,
      OpenPlan plan,
      String profile,
      ParseResult arguments,
      Context context)
      throws CliException {
    if (arguments.matchedOptionValue("--format", "text").equals("json")) {
      Map<String, @Nullable Object> values = new LinkedHashMap<>();
      values.put("schemaVersion", Listing.SCHEMA_VERSION);
      values.put("name", name);
      values.put("kind", what.kind().name().toLowerCase(java.util.Locale.ROOT));
      values.put("mediaType", what.mediaType());
      values.put("detail", what.detail());
      values.put("plan", plan.label());
      values.put("image", plan.image());
      values.put("profile", profile);
      values.put("command", new ArrayList<Object>(plan.command()));
      context.out().println(Listing.json(values));
      return 0;
    }
    context.out().println("file      " + name);
    context.out().println("is        " + Text.printable(what.summary()));
    context.out().println("type      " + Text.printable(what.mediaType()));
    context.out().println("plan      " + Text.printable(plan.label()));
    context.out().println("image     " + plan.image());
    context.out().println("profile   " + Text.printable(profile));
    context.out().println("command   " + Text.printable(plan.commandLine(name)));
    return 0;
  }
}
