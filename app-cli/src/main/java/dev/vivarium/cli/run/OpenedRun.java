package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.GuestText;
import dev.vivarium.cli.output.Text;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.cli.sandbox.RecoverCommand;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.open.Intake;
import dev.vivarium.engine.open.OpenPlan;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.Names;
import dev.vivarium.engine.state.OutputRecord;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.SandboxId;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.report.Report;
import dev.vivarium.image.ImageException;
import dev.vivarium.profiles.Profile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** From the start of an opened file's sandbox to what is left of it. */
final class OpenedRun {
  private static final long POLL_MILLIS = 50;
  private static final String FRONT = "VIVARIUM_FRONT";

  private final ParseResult flags;
  private final Context context;
  private final List<GuestText> shown;
  private @Nullable PersonAtTerminal person;
  private volatile boolean interrupted;

  OpenedRun(ParseResult flags, Context context) {
    this.flags = flags;
    this.context = context;
    this.shown = List.of(new GuestText(context.out()), new GuestText(context.err()));
  }

  /** Runs it; the result is its exit code. */
  int run(
      Intake intake,
      OpenPlan plan,
      List<String> command,
      String home,
      String profileName,
      Profile profile)
      throws CliException, EngineException, ImageException, IOException, InterruptedException {
    String name = flags.matchedOptionValue("--name", Names.madeUp(SandboxId.create()));
    boolean handedOver = flags.hasMatchedOption("-t") || flags.hasMatchedOption("-i");
    List<String> line = new ArrayList<>(List.of("--name", name));
    if (!handedOver) {
      line.add("-d");
    }
    for (String flag : new String[] {"-t", "-i"}) {
      if (flags.hasMatchedOption(flag)) {
        line.add(flag);
      }
    }
    line.addAll(List.of("--profile", profileName));
    line.addAll(plan.flags(intake.directory(), home, profile));
    for (String flag : new String[] {"--engine", "--timeout"}) {
      String value = flags.matchedOptionValue(flag, (String) null);
      if (value != null) {
        line.addAll(List.of(flag, value));
      }
    }
    line.addAll(List.of(plan.image(), "--"));
    line.addAll(command);
    int code = handedOver ? start(line, context.out()) : follow(line, name);
    Optional<SandboxState> state = context.sandboxes().find(name);
    if (state.isEmpty() || state.get().isAlive()) {
      throw new CliException(CliException.FAILED, "the sandbox is gone: " + name);
    }
    if (state.get().status() == SandboxState.Status.FAILED && !handedOver) {
      context.err().println("viv: " + Text.printable(state.get().reason()));
    }
    report(state.get());
    end(state.get());
    return handedOver ? code : state.get().exitCode();
  }

  private int start(List<String> line, PrintStream out)
      throws CliException, EngineException, ImageException, IOException {
    RunCommand run = new RunCommand(this::beforeStart);
    CommandSpec spec = CommandSpec.create().name("viv run");
    run.declare(spec);
    // With its own process in front of it this one would be gone with the sandbox.
    Map<String, String> environment = new HashMap<>(context.environment());
    environment.remove(FRONT);
    try {
      return run.run(
          new CommandLine(spec).parseArgs(line.toArray(String[]::new)),
          new Context(out, context.err(), environment, context.input(), context.spares()));
    } catch (CommandLine.ParameterException e) {
      throw new CliException(CliException.USAGE, "open: " + e.getMessage(), e);
    }
  }

  /** Runs it apart from our own streams, and shows what it writes. */
  private int follow(List<String> line, String name)
      throws CliException, EngineException, ImageException, IOException, InterruptedException {
    try (Signals.Restore signals = Signals.forwardTo(signal -> interrupted = true, () -> {})) {
      start(line, new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8));
      Sandboxes sandboxes = context.sandboxes();
      SandboxState sandbox = Lookup.require(sandboxes, name);
      try {
        show(sandboxes, sandbox);
      } finally {
        kill(sandboxes, sandbox);
        if (person != null) {
          person.close();
        }
      }
    }
    return 0;
  }

  /** Without the terminal as its own, what it wants to know can be asked there. */
  private void beforeStart(String id, String name) throws IOException {
    boolean text = flags.matchedOptionValue("--format", "text").matches("text|none");
    boolean handedOver = flags.hasMatchedOption("-t") || flags.hasMatchedOption("-i");
    if (!text || handedOver || !PersonAtTerminal.isThere()) {
      return;
    }
    try {
      if (Entry.specOf(context.directories(), id).network().policy().asks()) {
        person = new PersonAtTerminal(context, this::startLine);
        person.watch(context.directories(), id, name, () -> {});
      }
    } catch (CliException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void startLine() {
    for (GuestText each : shown) {
      each.end();
    }
  }

  private void write(int stream, byte[] bytes) throws IOException {
    GuestText to = shown.get(stream == 2 ? 1 : 0);
    PersonAtTerminal asked = person;
    if (asked == null) {
      to.write(bytes);
      return;
    }
    try {
      asked.whenNothingIsAsked(() -> to.write(bytes));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void show(Sandboxes sandboxes, SandboxState sandbox)
      throws CliException, IOException, InterruptedException {
    Path file = StateEntry.of(context.directories(), sandbox.id()).output();
    boolean text = flags.matchedOptionValue("--format", "text").matches("text|none");
    OutputRecord.Reader printer =
        (stream, time, bytes) -> {
          if (text) {
            write(stream, bytes);
          }
        };
    long at = 0;
    while (true) {
      // Looked at before reading, so that nothing written before the end is missed.
      Optional<SandboxState> now = sandboxes.byId(sandbox.id());
      if (Files.exists(file)) {
        at = OutputRecord.readOne(file, printer, Files.size(file) < at ? 0 : at);
      }
      if (now.isEmpty() || !now.get().isAlive()) {
        break;
      }
      if (interrupted || context.out().checkError()) {
        kill(sandboxes, sandbox);
      }
      Thread.sleep(POLL_MILLIS);
    }
    startLine();
  }

  /** Ends it, if it has not ended; waits for that. */
  private void kill(Sandboxes sandboxes, SandboxState sandbox) throws CliException, IOException {
    if (!sandboxes.byId(sandbox.id()).map(SandboxState::isAlive).orElse(false)) {
      return;
    }
    Optional<ControlConnection> connection = Lookup.connect(context, sandbox);
    if (connection.isPresent()) {
      try (ControlConnection control = connection.get()) {
        control.send(new ControlMessage.Kill());
        while (control.receive().isPresent()) {
          // Until it hangs up.
        }
      } catch (IOException e) {
        // It is gone.
      }
    }
  }

  private void report(SandboxState sandbox) throws CliException, IOException {
    Path kept = StateEntry.of(context.directories(), sandbox.id()).report();
    if (!Files.exists(kept)) {
      context.err().println("viv: there is no report; viv logs --engine " + sandbox.name());
      return;
    }
    Report report = Report.read(Files.readAllBytes(kept));
    String format = flags.matchedOptionValue("--format", "text");
    if (!format.equals("none")) {
      byte[] bytes = report.as(format).orElseThrow();
      if (format.equals("text")) {
        context.out().println();
      }
      context.out().write(bytes, 0, bytes.length);
      context.out().flush();
    }
    String file = flags.matchedOptionValue("--report", (String) null);
    if (file != null) {
      try {
        Files.write(Path.of(file), report.as(Report.formOfFile(file)).orElseThrow());
      } catch (IOException e) {
        context.err().println("viv: cannot write the report: " + file + ": " + Reason.of(e));
      }
    }
  }

  /** Keep, discard or save: as the flags say, or as a person does. */
  private void end(SandboxState sandbox) throws CliException, IOException {
    String save = flags.matchedOptionValue("--save", (String) null);
    String answer =
        flags.hasMatchedOption("--keep")
            ? "k"
            : flags.hasMatchedOption("--discard") ? "d" : save != null ? "s" : "";
    if (answer.isEmpty() && Question.canAsk()) {
      context
          .err()
          .println(
              "\nviv: k  keep the sandbox as it ended: "
                  + sandbox.name()
                  + "\n     d  discard it and all that it did"
                  + "\n     s  save the files that it made or changed, and discard the rest");
      answer = Question.ask(context, "which? [k]").toLowerCase(Locale.ROOT);
      if (answer.startsWith("s")) {
        String usual = sandbox.name() + "-files";
        String given = Question.ask(context, "to which new directory? [" + usual + "]");
        save = given.isEmpty() ? usual : given;
      }
    }
    if (answer.startsWith("s") && save != null && recover(sandbox, save)
        || answer.startsWith("d")) {
      context.sandboxes().remove(sandbox);
      return;
    }
    context
        .err()
        .println(
            "viv: kept as "
                + sandbox.name()
                + ": viv diff, viv recover and viv report show more; viv rm "
                + sandbox.name()
                + " removes it");
  }

  /** Whether all that there is was taken out; if not, the sandbox stays. */
  private boolean recover(SandboxState sandbox, String to) {
    RecoverCommand recover = new RecoverCommand();
    CommandSpec spec = CommandSpec.create().name("viv recover");
    recover.declare(spec);
    try {
      recover.run(
          new CommandLine(spec).parseArgs(sandbox.name(), "--to", to),
          context.withOut(context.err()));
      return true;
    } catch (CliException e) {
      context.err().println("viv: " + e.getMessage());
    } catch (IOException e) {
      context.err().println("viv: " + Reason.of(e));
    }
    return false;
  }
}
