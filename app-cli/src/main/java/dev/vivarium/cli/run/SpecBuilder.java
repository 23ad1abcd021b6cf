package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.compare.Advisor;
import dev.vivarium.image.store.ImageConfig;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ParseResult;

/**
 * What the flags of {@code run} say, and where they say nothing the profile, checked before
 * anything is started or fetched; and, merged with an image's own configuration as Docker does, the
 * specification.
 */
final class SpecBuilder {
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Optional<Profile> profile;
  private final String id;
  private final String name;
  private final String engine;
  private final Optional<Context> adviseFor;
  private final Optional<String> platform;
  private final String hostname;
  private final List<SandboxSpec.Mount> mounts = new ArrayList<>();
  private final boolean readOnlyRoot;
  private final SandboxSpec.Limits limits;
  private final long disk;
  private final Optional<Duration> timeout;
  private final Optional<String> traceFile;
  private final boolean allowDegraded;
  private final Optional<String> reportFile;
  private final List<String> flags;
  private final NetworkSpec network;
  private final List<SandboxSpec.CallRule> calls;
  private final SandboxSpec.Machine machine;
  private final Optional<String> entrypoint;
  private final List<String> command;
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<String> unset = new ArrayList<>();
  private final Optional<String> workingDirectory;
  private final Optional<String> user;
  private final boolean terminal;
  private final boolean stdin;

  /** Reads and checks the flags. */
  SpecBuilder(String id, String name, ParseResult arguments, List<String> command, Context context)
      throws CliException {
    this.id = id;
    this.name = name;
    this.command = command;
    this.profile = ProfileValues.load(flag(arguments, "--profile"), context);
    String wanted = text(arguments, "--engine", Field.ENGINE).orElse("auto");
    String usual = context.environment().getOrDefault("VIVARIUM_ENGINE", "");
    // Advice costs a look at earlier runs; who says nothing does not wait for it.
    this.adviseFor =
        usual.isEmpty() && flag(arguments, "--engine").equals(Optional.of("auto"))
            ? Optional.of(context)
            : Optional.empty();
    this.engine = !wanted.equals("auto") ? wanted : usual.isEmpty() ? "sentry" : usual;
    this.platform = text(arguments, "--platform", Field.PLATFORM);
    this.hostname = text(arguments, "--hostname", Field.HOSTNAME).orElse(id);
    if (hostname.isEmpty() || hostname.length() > 64) {
      throw new CliException(
          CliException.USAGE, "run: --hostname: must have 1 to 64 characters: " + hostname);
    }
    if (profile.isPresent()) {
      for (String mount : profile.get().list(Field.MOUNTS)) {
        mounts.add(ProfileValues.mount(mount, context.environment()));
      }
    }
    for (String mount : arguments.matchedOptionValue("-v", new String[0])) {
      mounts.add(Values.mount("-v", mount));
    }
    this.readOnlyRoot =
        arguments.hasMatchedOption("--read-only")
            || profile.flatMap(p -> p.text(Field.READ_ONLY)).equals(Optional.of("true"));
    Optional<String> memory = text(arguments, "--memory", Field.MEMORY);
    Optional<String> cpus = text(arguments, "--cpus", Field.CPUS);
    Optional<String> pids = text(arguments, "--pids", Field.PIDS);
    Optional<String> files = text(arguments, "--files", Field.FILES);
    this.limits =
        new SandboxSpec.Limits(
            memory.isPresent() ? Values.size("--memory", memory.get()) : 0,
            cpus.isPresent() ? Values.processors("--cpus", cpus.get()) : 0,
            pids.isPresent() ? Values.count("--pids", pids.get()) : 0,
            files.isPresent() ? Values.count("--files", files.get()) : 0);
    Optional<String> most = text(arguments, "--disk", Field.DISK_LIMIT);
    this.disk = most.isPresent() ? Values.size("--disk", most.get()) : 0;
    this.calls = calls(arguments);
    Optional<String> limit = text(arguments, "--timeout", Field.TIME);
    this.timeout =
        limit.isPresent()
            ? Optional.of(Values.duration("--timeout", limit.get()))
            : Optional.empty();
    this.network = NetworkFlags.read(arguments, profile);
    this.machine = MachineFlags.read(arguments, profile, context.environment());
    if (adviseFor.isEmpty()) {
      MachineFlags.check(machine, engine);
      if (disk > 0 && engine.equals("microvm")) {
        MachineFlags.withDisk(machine, disk);
      }
    }
    this.allowDegraded = arguments.hasMatchedOption("--allow-degraded");
    this.traceFile = writable("the trace", flag(arguments, "--trace"));
    this.flags = profile.map(p -> p.list(Field.FLAG)).orElse(List.of());
    // What is to be flagged must be looked for.
    this.reportFile =
        (arguments.hasMatchedOption("--record") || !flags.isEmpty())
                && !arguments.hasMatchedOption("--report")
            ? Optional.of("")
            : writable("the report", flag(arguments, "--report"));
    this.entrypoint = flag(arguments, "--entrypoint");
    readEnvironment(arguments, context);
    this.workingDirectory = text(arguments, "-w", Field.WORKDIR);
    if (workingDirectory.isPresent() && !workingDirectory.get().startsWith("/")) {
      throw new CliException(
          CliException.USAGE,
          "run: -w: the working directory must be absolute: " + workingDirectory.get());
    }
    this.user = text(arguments, "-u", Field.USER);
    this.terminal = arguments.hasMatchedOption("-t");
    this.stdin = arguments.hasMatchedOption("-i");
  }

  /** What the flag says, or else the profile. */
  private Optional<String> text(ParseResult arguments, String option, Field field) {
    return flag(arguments, option).or(() -> profile.flatMap(p -> p.text(field)));
  }

  private static Optional<String> flag(ParseResult arguments, String option) {
    return Optional.ofNullable(arguments.matchedOptionValue(option, (String) null));
  }

  private static Optional<String> writable(String what, Optional<String> file) throws CliException {
    if (file.isEmpty()) {
      return file;
    }
    Path path = Path.of(file.get()).toAbsolutePath();
    Path parent = path.getParent();
    if (Files.isDirectory(path) || parent == null || !Files.isWritable(parent)) {
      throw new CliException(
          CliException.FAILED,
          "cannot write " + what + ": " + path + "; give a file in a directory that you can write");
    }
    return Optional.of(path.toString());
  }

  private void readEnvironment(ParseResult arguments, Context context) throws CliException {
    Map<String, String> here = context.environment();
    if (profile.isPresent()) {
      for (String passed : profile.get().list(Field.PASS)) {
        Values.environment("--profile: pass-environment", passed, here, environment);
      }
      environment.putAll(profile.get().map(Field.ENVIRONMENT));
    }
    for (String file : arguments.matchedOptionValue("--env-file", new String[0])) {
      Values.environmentFile(file, here, environment);
    }
    for (String entry : arguments.matchedOptionValue("-e", new String[0])) {
      Values.environment("-e", entry, here, environment);
      if (entry.indexOf('=') < 0 && !here.containsKey(entry)) {
        unset.add(entry);
      }
    }
  }

  /** For this machine's own root. */
  SandboxSpec forHost() throws CliException {
    if (profile.isPresent() && !profile.get().list(Field.SIGNED).isEmpty()) {
      throw new CliException(
          CliException.FAILED,
          profile.get().name()
              + ": signed-by: this machine's own root is not signed; run an image");
    }
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("PATH", PATH);
    variables.put("LANG", "C.UTF-8");
    String shell = Files.isExecutable(Path.of("/bin/bash")) ? "/bin/bash" : "/bin/sh";
    return build(
        new SandboxSpec.Root.Host(), List.of(), List.of(shell), variables, "", homeOfHost());
  }

  /** The private home of root, where there is something to write to; others begin at the root. */
  private String homeOfHost() {
    return user.isEmpty() ? "/root" : "/";
  }

  /** For an image. */
  SandboxSpec forImage(String reference, List<Path> layers, ImageConfig image) throws CliException {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("PATH", PATH);
    for (String entry : image.env()) {
      int equals = entry.indexOf('=');
      if (equals > 0) {
        variables.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    return build(
        new SandboxSpec.Root.Image(reference, layers.stream().map(Path::toString).toList()),
        image.entrypoint(),
        image.cmd(),
        variables,
        image.user(),
        image.workingDir().isEmpty() ? "/" : image.workingDir());
  }

  private SandboxSpec build(
      SandboxSpec.Root root,
      List<String> imageEntrypoint,
      List<String> imageCommand,
      Map<String, String> variables,
      String imageUser,
      String imageDirectory)
      throws CliException {
    variables.put("HOSTNAME", hostname);
    if (terminal) {
      variables.put("TERM", "xterm");
    }
    variables.putAll(environment);
    unset.forEach(variables::remove);
    List<String> words = arguments(imageEntrypoint, imageCommand);
    String by = engine(root, words);
    boolean virtual = by.equals("microvm");
    return new SandboxSpec(
        id,
        name,
        by,
        platform,
        root,
        new SandboxSpec.ProcessSpec(
            words,
            variables,
            workingDirectory.orElse(imageDirectory),
            user.orElse(imageUser),
            terminal,
            stdin),
        hostname,
        mounts,
        readOnlyRoot,
        virtual
            ? limits
            : new SandboxSpec.Limits(
                limits.memoryBytes(), limits.cpus(), limits.pids(), limits.files(), disk),
        timeout,
        traceFile,
        network,
        reportFile,
        calls,
        virtual && disk > 0 ? MachineFlags.withDisk(machine, disk) : machine,
        allowDegraded,
        flags);
  }

  /** A flag's rule goes before the profile's for the same call. */
  private List<SandboxSpec.CallRule> calls(ParseResult arguments) throws CliException {
    Map<Integer, SandboxSpec.CallRule> rules = new LinkedHashMap<>();
    if (profile.isPresent()) {
      for (String text : profile.get().list(Field.DENY)) {
        SandboxSpec.CallRule rule = Values.callRule("--profile: " + Field.DENY.key(), text);
        rules.put(rule.number(), rule);
      }
    }
    for (String text : arguments.matchedOptionValue("--deny-call", new String[0])) {
      SandboxSpec.CallRule rule = Values.callRule("--deny-call", text);
      rules.put(rule.number(), rule);
    }
    return List.copyOf(rules.values());
  }

  /** The engine, unless that depends on the image. */
  Optional<String> engine() {
    if (adviseFor.isEmpty()) {
      return Optional.of(engine);
    }
    return machine.isUsual() ? Optional.empty() : Optional.of("microvm");
  }

  /** The one that was named; or the one that is advised, which is said. */
  private String engine(SandboxSpec.Root root, List<String> words) throws CliException {
    if (adviseFor.isEmpty()) {
      return engine;
    }
    if (!machine.isUsual()) {
      return "microvm";
    }
    String image = root instanceof SandboxSpec.Root.Image i ? i.reference() : "host";
    Advisor.Advice advice =
        new Advisor().advise(adviseFor.get().directories(), image, words, limits.memoryBytes());
    adviseFor.get().err().println("viv: engine " + advice.engine() + ": " + advice.reason());
    return advice.engine();
  }

  /** As Docker: an entry point given by hand forgets the image's command as well. */
  private List<String> arguments(List<String> imageEntrypoint, List<String> imageCommand)
      throws CliException {
    List<String> arguments = new ArrayList<>();
    if (entrypoint.isPresent()) {
      if (!entrypoint.get().isEmpty()) {
        arguments.add(entrypoint.get());
      }
      arguments.addAll(command);
    } else {
      arguments.addAll(imageEntrypoint);
      arguments.addAll(command.isEmpty() ? imageCommand : command);
    }
    if (arguments.isEmpty()) {
      throw new CliException(
          CliException.FAILED,
          "the image names no command: give one: viv run IMAGE COMMAND [ARGUMENT...]");
    }
    return arguments;
  }

  /** The command after IMAGE; a leading {@code --} is for the eye. */
  static List<String> command(String[] positionals) {
    int from = positionals.length > 1 && positionals[1].equals("--") ? 2 : 1;
    return Arrays.asList(positionals)
        .subList(Math.min(from, positionals.length), positionals.length);
  }
}
