package dev.vivarium.engine.oci;

import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.process.Container;
import dev.vivarium.engine.process.Front;
import dev.vivarium.engine.process.Preparation;
import dev.vivarium.engine.process.SandboxHere;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.RunDirectory;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The JVM of one container, started by {@code vivarium-oci create}. What it has to say goes through
 * a pipe to that program, a line each: {@code netns PATH} (join it; without a path: make a new
 * one), {@code error MESSAGE}, and {@code created}. Its standard streams are the container's.
 *
 * <p>Arguments: the container's id, its state directory, the bundle, the process that stands for
 * the container (vivarium-oci's monitor), how its terminal comes ({@code none}, {@code console},
 * {@code own}), and how many descriptors it inherits from 3 on.
 */
public final class OciMain {
  private static final int FAILED = 1;
  private static final int ARGUMENTS = 6;

  private OciMain() {}

  /** Runs the container; the process ends as it does. */
  public static void main(String[] args) {
    Preparation.begin();
    Runtime.getRuntime().halt(run(args));
  }

  private static int run(String[] args) {
    String pipe = System.getenv().getOrDefault("VIVARIUM_STATUS", "");
    if (args.length != ARGUMENTS || !pipe.matches("[0-9]{1,4}")) {
      System.err.println("viv: wrong usage: it is started by vivarium-oci create");
      return 2;
    }
    try (FileOutputStream status = new FileOutputStream("/proc/self/fd/" + pipe)) {
      try {
        return run(args, status);
      } catch (IOException e) {
        say(status, "error " + e.getMessage());
      } catch (RuntimeException | Error e) {
        say(status, "error this should not happen: " + e);
      }
    } catch (IOException e) {
      // vivarium-oci is gone, and nobody wants the container.
    }
    return FAILED;
  }

  private static void say(FileOutputStream status, String line) throws IOException {
    status.write((line.replace('\n', ' ') + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private static int run(String[] args, FileOutputStream status) throws IOException {
    final String id = args[0];
    final Path place = Path.of(args[1]);
    final long monitor = Long.parseLong(args[3]);
    Bundle bundle = BundleReader.read(Path.of(args[2]), Integer.parseInt(args[5]));
    checkTerminal(bundle, args[4]);
    Directories directories = Directories.of(System.getenv());
    SandboxSpec spec = BundleSpec.of(bundle, id, System.getenv());
    say(status, "netns" + bundle.network().map(path -> " " + path).orElse(""));
    List<Path> groups = Cgroups.enter(bundle, monitor, ProcessHandle.current().pid());
    write(
        place.resolve("cgroups"),
        groups.stream().map(path -> path + "\n").collect(Collectors.joining()));
    Files.write(place.resolve("hooks"), Hook.encode(bundle.hooks()));
    write(place.resolve("state.json"), state(bundle, id, monitor));
    Files.createSymbolicLink(
        place.resolve("sandbox"), RunDirectory.of(directories, spec.id()).path());
    Front front =
        Front.of(System.getenv()).orElseThrow(() -> new IOException("VIVARIUM_FRONT is not set"));
    Ours container = new Ours(status, bundle.process().terminal());
    String problem = SandboxHere.runContainer(directories, spec, container, front);
    say(status, "error " + problem);
    return FAILED;
  }

  private static void checkTerminal(Bundle bundle, String how) throws OciException {
    boolean wanted = bundle.process().terminal();
    if (wanted && how.equals("none")) {
      throw new OciException(
          "cannot make the terminal of process.terminal: there is no --console-socket");
    }
    if (!wanted && how.equals("console")) {
      throw new OciException("--console-socket is given, but process.terminal is false");
    }
  }

  private static void write(Path file, String text) throws IOException {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new IOException("cannot write: " + file + ": " + Reason.of(e), e);
    }
  }

  /** As {@code state} prints it; vivarium-oci puts in the lines "status" and "pid" as they are. */
  private static String state(Bundle bundle, String id, long pid) {
    StringBuilder b = new StringBuilder();
    b.append("{\n");
    b.append("  \"ociVersion\": ").append(quoted(bundle.version())).append(",\n");
    b.append("  \"id\": ").append(quoted(id)).append(",\n");
    b.append("  \"pid\": ").append(pid).append(",\n");
    b.append("  \"status\": \"creating\",\n");
    b.append("  \"bundle\": ").append(quoted(bundle.path())).append(",\n");
    b.append("  \"rootfs\": ").append(quoted(bundle.root())).append(",\n");
    b.append("  \"created\": ").append(quoted(Instant.now().toString())).append(",\n");
    b.append("  \"owner\": \"\"");
    String separator = ",\n  \"annotations\": {\n    ";
    for (Map.Entry<String, String> each : bundle.annotations().entrySet()) {
      b.append(separator).append(quoted(each.getKey())).append(": ");
      b.append(quoted(each.getValue()));
      separator = ",\n    ";
    }
    return b.append(bundle.annotations().isEmpty() ? "\n}\n" : "\n  }\n}\n").toString();
  }

  private static String quoted(String text) {
    StringBuilder b = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        b.append('\\').append(c);
      } else if (c < ' ') {
        b.append(String.format("\\u%04x", (int) c));
      } else {
        b.append(c);
      }
    }
    return b.append('"').toString();
  }

  /** What vivarium-oci is told of it. */
  private static final class Ours implements Container {
    private final FileOutputStream status;
    private final boolean terminal;
    private boolean created;

    Ours(FileOutputStream status, boolean terminal) {
      this.status = status;
      this.terminal = terminal;
    }

    @Override
    public synchronized void created() throws IOException {
      say(status, "created");
      created = true;
    }

    @Override
    public synchronized boolean isCreated() {
      return created;
    }

    @Override
    public SandboxHost.Stdio stdio() {
      return terminal
          ? new SandboxHost.Stdio.Streams(
              new FileInputStream(FileDescriptor.in),
              new FileOutputStream(FileDescriptor.out),
              new FileOutputStream(FileDescriptor.err),
              true,
              0,
              0)
          : new SandboxHost.Stdio.Inherit();
    }
  }
}
