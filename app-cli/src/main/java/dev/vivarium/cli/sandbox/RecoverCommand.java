package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code viv recover}. Nothing but plain files and directories is made, in a directory that was not
 * there before or is empty: no links, no devices, no set-user-ID programs, nothing outside of it.
 */
public final class RecoverCommand extends Command {
  private static final Set<PosixFilePermission> PLAIN =
      PosixFilePermissions.fromString("rw-r--r--");
  private static final Set<PosixFilePermission> PROGRAM =
      PosixFilePermissions.fromString("rwxr-xr-x");
  private static final int ANY_EXECUTE = 0111;
  private static final int MAX_NAME = 255;
  private static final int MAX_PATH = 4096;

  @Override
  public void declare(CommandSpec spec) {
    option(spec, "DIR", "Where to put them: a new or empty directory.", "--to");
    parameters(
        spec,
        "0..*",
        "1..*",
        "SANDBOX [PATH]",
        "Its name or id, and which files or directories (default: all that it made or changed).");
    spec.usageMessage()
        .footer("", "Example:", "  viv recover build /src/out /src/report.txt --to ./results");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    String[] words = positionals(arguments);
    String to = arguments.matchedOptionValue("--to", "");
    if (to.isEmpty()) {
      throw new CliException(CliException.USAGE, "recover: say where to put them: --to DIR");
    }
    Directories directories = context.directories();
    SandboxState sandbox = Lookup.require(context.sandboxes(), words[0]);
    Path target = target(Path.of(to), directories, sandbox);
    Recovery recovery = new Recovery(target, chosen(words));
    boolean made = !Files.exists(target);
    Files.createDirectories(target);
    try {
      Changes.each(directories, sandbox, recovery::take);
    } finally {
      if (made && recovery.files.isEmpty()) {
        Files.deleteIfExists(target);
      }
    }
    for (String left : recovery.leftOut) {
      context.err().println("viv: left out: " + Text.printable(left));
    }
    if (recovery.files.isEmpty()) {
      throw new CliException(
          CliException.FAILED,
          "nothing to recover: "
              + sandbox.name()
              + (words.length > 1 ? " made or changed no file there" : " made or changed no file")
              + "; viv diff "
              + sandbox.name()
              + " lists what it did");
    }
    for (String path : recovery.files.keySet().stream().sorted().toList()) {
      context.out().println(Text.printable(path));
    }
    return 0;
  }

  /** What a running sandbox can write must not be where we write: it could put a link there. */
  private static Path target(Path to, Directories directories, SandboxState sandbox)
      throws CliException, IOException {
    Path target = to.toAbsolutePath().normalize();
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      boolean empty = false;
      if (Files.isDirectory(target)) {
        try (Stream<Path> inside = Files.list(target)) {
          empty = inside.findAny().isEmpty();
        }
        target = target.toRealPath();
      }
      if (!empty) {
        throw new CliException(
            CliException.FAILED, "not a new or empty directory: " + target + "; give another --to");
      }
    }
    requireApart(target, directories, sandbox);
    return target;
  }

  /** What a running sandbox can write must not be where we write. */
  static void requireApart(Path target, Directories directories, SandboxState sandbox)
      throws CliException, IOException {
    if (sandbox.isAlive()) {
      SandboxSpec spec = RunDirectory.of(directories, sandbox.id()).readSpec();
      for (SandboxSpec.Mount mount : spec.mounts()) {
        if (mount.writable() && target.startsWith(Path.of(mount.source()))) {
          throw new CliException(
              CliException.FAILED,
              "the sandbox can write there: "
                  + target
                  + "; give a directory outside of its mounts, or stop it first");
        }
      }
    }
  }

  private static List<List<String>> chosen(String[] words) throws CliException {
    List<List<String>> chosen = new ArrayList<>();
    for (int i = 1; i < words.length; i++) {
      if (!words[i].startsWith("/")) {
        throw new CliException(
            CliException.USAGE, "recover: a path inside begins with a slash: " + words[i]);
      }
      List<String> path = new ArrayList<>();
      for (String name : Path.of(words[i]).normalize().toString().split("/")) {
        if (!name.isEmpty()) {
          path.add(name);
        }
      }
      chosen.add(path);
    }
    return chosen;
  }

  private static final class Recovery {
    private final Path target;
    private final List<List<String>> chosen;
    private final Map<String, Path> files = new HashMap<>();
    private final Set<String> leftOut = new TreeSet<>();

    Recovery(Path target, List<List<String>> chosen) {
      this.target = target;
      this.chosen = chosen;
    }

    private boolean isChosen(List<String> path) {
      return chosen.isEmpty()
          || chosen.stream()
              .anyMatch(c -> path.size() >= c.size() && path.subList(0, c.size()).equals(c));
    }

    void take(Changes.Change change, TarReader content) throws IOException, CliException {
      List<String> path = change.path().stream().map(Changes::decoded).toList();
      if (change.kind() != Changes.Kind.WRITTEN || path.isEmpty() || !isChosen(path)) {
        return;
      }
      TarEntry entry = change.entry();
      switch (entry.type()) {
        case TarEntry.TYPE_DIRECTORY -> {
          // Made when something is in it.
        }
        case TarEntry.TYPE_FILE, TarEntry.TYPE_HARD_LINK -> {
          if (!canBeNamed(path)) {
            leftOut.add(change.text() + ": a file cannot have this name here");
          } else if (entry.type() == TarEntry.TYPE_FILE) {
            write(change.text(), place(path), entry, content);
          } else {
            copy(change.text(), place(path), entry);
          }
        }
        default -> leftOut.add(change.text() + ": not a plain file");
      }
    }

    /** One name of the guest's is not to end what is done for all the others. */
    private boolean canBeNamed(List<String> path) {
      try {
        String whole = target.resolve(String.join("/", path)).toString();
        return whole.getBytes(StandardCharsets.UTF_8).length < MAX_PATH
            && path.stream().allMatch(n -> n.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME);
      } catch (InvalidPathException e) {
        // The locale has no such characters.
        return false;
      }
    }

    /** Where it goes; its directories are ours, made one by one. */
    private Path place(List<String> path) throws IOException {
      Path at = target;
      for (String name : path.subList(0, path.size() - 1)) {
        at = at.resolve(name);
        if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
          Files.createDirectory(at);
        }
      }
      return at.resolve(path.get(path.size() - 1));
    }

    private void write(String name, Path place, TarEntry entry, TarReader content)
        throws IOException, CliException {
      long room = Files.getFileStore(target).getUsableSpace();
      if (entry.size() > room) {
        throw new CliException(
            CliException.FAILED,
            "not enough room: "
                + Text.printable(name)
                + " has "
                + entry.size()
                + " bytes, "
                + target
                + " room for "
                + room
                + "; name the files that you want");
      }
      try (OutputStream out =
          Files.newOutputStream(place, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        byte[] buffer = new byte[64 << 10];
        for (int n; (n = content.read(buffer, 0, buffer.length)) >= 0; ) {
          out.write(buffer, 0, n);
        }
      }
      Files.setPosixFilePermissions(place, (entry.mode() & ANY_EXECUTE) != 0 ? PROGRAM : PLAIN);
      files.put(name, place);
    }

    private void copy(String name, Path place, TarEntry entry) throws IOException {
      Path first =
          files.get("/" + Changes.decoded(entry.linkName()).replaceFirst("^(\\./|/)+", ""));
      if (first == null) {
        leftOut.add(name + ": another name of a file that was not chosen");
      } else {
        Files.copy(first, place);
        files.put(name, place);
      }
    }
  }
}
