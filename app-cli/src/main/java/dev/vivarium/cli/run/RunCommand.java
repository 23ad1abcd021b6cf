package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.image.Images;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.SandboxLauncher;
import dev.vivarium.engine.client.SandboxLauncher.Streams;
import dev.vivarium.engine.client.WarmSpare;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.process.Front;
import dev.vivarium.engine.process.SandboxHere;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Names;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxId;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code viv run}. In the foreground without a terminal this process becomes the sandbox's own.
 * Otherwise that is started first of all, so that its JVM comes up while this one looks for the
 * image.
 */
public final class RunCommand extends Command {
  /** Somebody who wants to be there from a sandbox's first instruction on. */
  interface BeforeStart {
    void accept(String id, String name) throws IOException;
  }

  private final BeforeStart beforeStart;

  /** Whether what else runs on this machine goes before its sandbox. */
  private final boolean behind;

  public RunCommand() {
    this((id, name) -> {}, false);
  }

  /**
   * Makes one for what is opened: what else runs on this machine goes before its sandbox.
   *
   * @param beforeStart told of a sandbox whose process is there, before it begins
   */
  RunCommand(BeforeStart beforeStart) {
    this(beforeStart, true);
  }

  private RunCommand(BeforeStart beforeStart, boolean behind) {
    this.beforeStart = beforeStart;
    this.behind = behind;
  }

  private ProcessHandle launch(RunDirectory run, Streams streams, String engine)
      throws EngineException {
    SandboxLauncher launcher = SandboxLauncher.installed();
    return behind
        ? launcher.startBehind(run, streams, engine)
        : launcher.start(run, streams, engine);
  }

  @Override
  public void declare(CommandSpec spec) {
    // What follows IMAGE is the command's, dashes or not.
    spec.parser().stopAtPositional(true);
    flag(spec, "Connect standard input.", "-i", "--interactive");
    flag(spec, "Give it a terminal.", "-t", "--tty");
    flag(spec, "Run in the background, and print the sandbox's id.", "-d", "--detach");
    flag(spec, "Keep nothing of it when it ends.", "--rm");
    option(
        spec,
        "KEYS",
        "What leaves it to itself, with -it (default: " + DetachKeys.USUAL + ").",
        "--detach-keys");
    option(spec, "NAME", "Its name (default: made up).", "--name");
    repeatable(
        spec, "NAME[=VALUE]", "Set a variable, or pass on the one from here.", "-e", "--env");
    repeatable(spec, "FILE", "Set the variables that a file lists.", "--env-file");
    option(spec, "DIR", "The working directory inside.", "-w", "--workdir");
    option(spec, "USER", "Run as UID[:GID] or NAME[:GROUP].", "-u", "--user");
    repeatable(
        spec,
        "HOST:GUEST[:ro|rw]",
        "Show a host file or directory inside (read-only unless :rw).",
        "-v",
        "--volume");
    option(
        spec,
        "PROFILE",
        "What it is allowed and given, by name or file; flags go first. See viv profile list.",
        "--profile");
    option(
        spec,
        "NET",
        "The network it may use: none, allow, ask (you are asked what no rule says) or full"
            + " (default: none).",
        "--net");
    repeatable(
        spec,
        "HOST[:PORT]",
        "Let it reach a host: a name, *.NAME, an address or a range (implies --net allow).",
        "--allow");
    repeatable(
        spec, "HOST[:PORT]", "Never let it reach a host, whatever else allows it.", "--deny");
    repeatable(
        spec,
        "[ADDRESS:]HOST:GUEST[/udp]",
        "Let a port of this machine lead into it (on 127.0.0.1 unless said otherwise).",
        "-p",
        "--publish");
    repeatable(
        spec, "ADDRESS[:PORT]", "Resolve names with this server (default: as here).", "--dns");
    option(
        spec,
        "NAME",
        "Join a private network of sandboxes, which know each other by name there.",
        "--network");
    option(spec, "RATE", "How fast its network is each way, such as 10mbit.", "--net-rate");
    option(spec, "TIME", "How long what it sends takes more, such as 80ms.", "--net-latency");
    option(spec, "SHARE", "How much of what it sends and gets is lost, such as 1%%.", "--net-loss");
    option(spec, "NAME", "Its host name (default: its id).", "--hostname");
    option(spec, "PROGRAM", "Run this instead of the image's entry point.", "--entrypoint");
    option(spec, "TIME", "End it after this long, such as 30s; exit code 124.", "--timeout");
    option(
        spec,
        "ENGINE",
        "sentry, microvm, or auto: which suits it, and why (default: sentry).",
        "--engine");
    option(spec, "PLATFORM", "How the sentry gets hold of system calls: systrap.", "--platform");
    MachineFlags.declare(spec);
    flag(spec, "Make the root file system read-only.", "--read-only");
    flag(
        spec,
        "Run it even where this host cannot confine the sandbox's own process in full.",
        "--allow-degraded");
    option(spec, "SIZE", "How much memory it may use, such as 512m.", "--memory", "-m");
    option(spec, "NUMBER", "How many processors it may use, such as 1.5.", "--cpus");
    option(spec, "NUMBER", "How many tasks it may have at once.", "--pids", "--pids-limit");
    option(spec, "NUMBER", "How many files a process may have open.", "--files");
    repeatable(
        spec,
        "NAME[:ERRNO|:end]",
        "Refuse a system call, with an error (default: EPERM) or with the end of the run; exit code"
            + " 159.",
        "--deny-call");
    option(spec, "WHEN", "Fetch the image: missing, always or never (default: missing).", "--pull");
    option(
        spec,
        "FILE",
        "Write every event and system call to a file: JSON lines, or by its name .txt (as strace),"
            + " .csv, .json (for Perfetto); .pcap: the packets of its network, and nothing else.",
        "--trace");
    option(
        spec,
        "FILE",
        "Write what it did to a file at its end: text, or by its name .json or .html.",
        "--report");
    flag(spec, "Keep the report for viv report, without writing it to a file.", "--record");
    Images.declare(spec);
    Images.declareKeys(spec);
    parameters(
        spec,
        "0..*",
        "1..*",
        "IMAGE [COMMAND]",
        "An image (host: this machine's own root, read-only), and what to run instead of its own"
            + " command.");
    spec.usageMessage()
        .footer(
            "",
            "Examples:",
            "  viv run host -- uname -a",
            "  viv run -it --rm debian:12 bash",
            "  echo hi | viv run -i busybox cat",
            "  viv run --allow pypi.org:443 --allow '*.pythonhosted.org:443' python:3 pip download"
                + " six",
            "  viv run -p 8080:80 nginx",
            "  viv run --timeout 30s -v ./data:/data:ro -w /data debian:12 sha256sum input.bin",
            "",
            "Exit codes: the command's own; 124 its time limit passed, 125 Vivarium failed, 126 it"
                + " cannot be",
            "run, 127 it was not found, 128+N it died of signal N, 2 wrong usage.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, EngineException, ImageException, IOException {
    String[] positionals = positionals(arguments);
    boolean terminal = arguments.hasMatchedOption("-t");
    boolean input = arguments.hasMatchedOption("-i");
    boolean detached = arguments.hasMatchedOption("-d");
    if (terminal && input && !detached && !Terminal.isTerminal(0)) {
      throw new CliException(
          CliException.USAGE,
          "run: -t: standard input is not a terminal; leave out -t for pipes and files");
    }
    String pull = arguments.matchedOptionValue("--pull", "missing");
    if (!pull.equals("missing") && !pull.equals("always") && !pull.equals("never")) {
      throw new CliException(
          CliException.USAGE,
          "run: --pull: unknown: " + pull + "; there are missing, always and never");
    }
    Optional<String> named =
        Optional.ofNullable(arguments.matchedOptionValue("--name", (String) null));
    if (named.isPresent() && !Names.isValid(named.get())) {
      throw new CliException(
          CliException.USAGE,
          "run: --name: not a name: "
              + named.get()
              + "; use letters, digits, _ . and -, at most 63");
    }
    DetachKeys keys =
        DetachKeys.of(arguments.matchedOptionValue("--detach-keys", DetachKeys.USUAL));
    Optional<Front> front = Front.of(context.environment());
    Directories directories = context.directories();
    // With a terminal of its own, or our input, the person at ours cannot be asked there.
    boolean asks =
        !terminal
            && !input
            && !detached
            && NetworkFlags.asks(arguments, context)
            && PersonAtTerminal.isThere();
    Streams streams =
        terminal || detached || asks
            ? Streams.NONE
            : input ? Streams.INHERIT : Streams.INHERIT_OUTPUT;
    // One that is ready has the usual priority.
    Optional<WarmSpare.Taken> spare =
        behind ? Optional.empty() : context.spares().take(streams, directories);
    String id = spare.isPresent() ? spare.get().id() : SandboxId.create();
    String name = named.orElse(Names.madeUp(id));
    SpecBuilder builder;
    try {
      builder = new SpecBuilder(id, name, arguments, SpecBuilder.command(positionals), context);
    } catch (CliException e) {
      spare.ifPresent(s -> abandon(s.process(), s.run()));
      throw e;
    }

    RunDirectory run = RunDirectory.of(directories, id);
    Optional<SandboxSpec> known =
        front.isPresent() && !terminal && !detached && !asks
            ? specOfWhatIsHere(builder, positionals[0], pull, arguments, context)
            : Optional.empty();
    Optional<SandboxSpec> here =
        known.isPresent() && !SandboxLauncher.wantsItsOwn(known.get().engine())
            ? known
            : Optional.empty();
    if (here.isPresent()) {
      boolean keep = !arguments.hasMatchedOption("--rm");
      try {
        prepare(run, name, here.get(), directories);
        return SandboxHere.run(directories, here.get(), keep, front.orElseThrow(), context.err());
      } catch (CliException | IOException e) {
        run.delete();
        new Names(directories).release(name, id);
        throw e;
      }
    }
    if (known.isEmpty() && builder.engine().isEmpty()) {
      known = Optional.of(spec(builder, positionals[0], pull, arguments, context));
    }
    String engine = known.isPresent() ? known.get().engine() : builder.engine().orElseThrow();
    if (spare.isPresent() && SandboxLauncher.wantsItsOwn(engine)) {
      spare.get().connection().close();
      abandon(spare.get().process(), spare.get().run());
      spare.get().process().onExit().join();
      spare = Optional.empty();
    }
    ProcessHandle process =
        spare.isPresent() ? spare.get().process() : launch(run, streams, engine);
    Thread abandon = new Thread(() -> abandon(process, run), "abandon");
    Runtime.getRuntime().addShutdownHook(abandon);
    boolean started = false;
    ControlConnection connection;
    HeldOutput show = new HeldOutput();
    Optional<PersonAtTerminal> person = Optional.empty();
    try {
      SandboxSpec spec =
          known.isPresent() ? known.get() : spec(builder, positionals[0], pull, arguments, context);
      prepare(run, name, spec, directories);
      connection =
          spare.isPresent() ? spare.get().connection() : SandboxLauncher.await(run, process);
      Terminal.Size size = terminal && !detached ? Terminal.size() : new Terminal.Size(24, 80);
      beforeStart.accept(id, name);
      if (asks) {
        person = Optional.of(new PersonAtTerminal(context, show::startLine));
        person.get().watch(directories, id, name, () -> {});
        show.holdFor(person.get());
      }
      connection.send(
          new ControlMessage.Start(
              !detached, !arguments.hasMatchedOption("--rm"), size.rows(), size.columns(), asks));
      started = true;
    } finally {
      Runtime.getRuntime().removeShutdownHook(abandon);
      if (!started) {
        person.ifPresent(PersonAtTerminal::close);
        abandon(process, run);
        new Names(directories).release(name, id);
      }
    }
    try (connection) {
      if (detached) {
        return detach(connection, id, context);
      }
      ForegroundClient client = new ForegroundClient(connection, context, false);
      if (terminal && input) {
        client.allowDetaching(keys, name);
      }
      if (asks) {
        client.showThrough(show);
      }
      front.ifPresent(f -> f.forwardTo(client::forward));
      return terminal ? client.runWithTerminal(input) : client.run();
    } finally {
      person.ifPresent(PersonAtTerminal::close);
    }
  }

  /** Makes the run directory, with the specification in it, and takes the name. */
  private static void prepare(
      RunDirectory run, String name, SandboxSpec spec, Directories directories)
      throws CliException, IOException {
    run.create();
    if (!new Names(directories).claim(name, spec.id())) {
      throw new CliException(
          CliException.FAILED,
          "the name is taken: " + name + "; remove that sandbox with viv rm " + name);
    }
    run.writeSpec(spec);
  }

  /** Ends a process that was started in advance and is not needed after all. */
  private static void abandon(ProcessHandle process, RunDirectory run) {
    process.destroyForcibly();
    try {
      run.delete();
    } catch (IOException e) {
      // The next listing clears it up.
    }
  }

  /**
   * The specification if no image must be fetched for it: whatever speaks with a registry, knows a
   * password or reads an archive does so in a process that runs no guest.
   */
  private static Optional<SandboxSpec> specOfWhatIsHere(
      SpecBuilder builder, String image, String pull, ParseResult arguments, Context context)
      throws CliException, ImageException {
    if (image.equals("host")) {
      return Optional.of(builder.forHost());
    }
    try (ImageStore store = ImageStore.open()) {
      Optional<ImageRecord> found =
          Images.isHere(store, image, pull, arguments, context)
              ? store.find(image)
              : Optional.empty();
      return found.isEmpty()
          ? Optional.empty()
          : Optional.of(builder.forImage(image, store.layers(found.get()), found.get().config()));
    }
  }

  private static SandboxSpec spec(
      SpecBuilder builder, String image, String pull, ParseResult arguments, Context context)
      throws CliException, ImageException {
    if (image.equals("host")) {
      return builder.forHost();
    }
    try (ImageStore store = ImageStore.open()) {
      ImageRecord record = Images.resolve(store, image, pull, arguments, context);
      return builder.forImage(image, store.layers(record), record.config());
    }
  }

  /** Waits until the command runs or could not be started. */
  private static int detach(ControlConnection connection, String id, Context context)
      throws CliException, IOException {
    while (true) {
      Optional<ControlMessage> message = connection.receive();
      if (message.isEmpty()) {
        throw new CliException(
            CliException.FAILED, "the sandbox's process was killed or crashed; see viv ps -a");
      }
      if (message.get() instanceof ControlMessage.Started) {
        context.out().println(id);
        return 0;
      }
      if (message.get() instanceof ControlMessage.Ended ended) {
        // It may have run and ended already.
        if (ended.message().isEmpty()) {
          context.out().println(id);
          return 0;
        }
        throw new CliException(ended.exitCode(), ended.message());
      }
    }
  }
}
