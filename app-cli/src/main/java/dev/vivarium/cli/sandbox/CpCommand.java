package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.GuestText;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.GuestCommand;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.image.tar.LayerTarWriter;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code viv cp}. Into and out of a running sandbox through a {@code tar} inside; out of a finished
 * one from what is kept of its changes. What comes out is plain files and directories.
 */
public final class CpCommand extends Command {
  private static final int PIPE = 256 << 10;

  @Override
  public void declare(CommandSpec spec) {
    parameters(
        spec,
        "0..1",
        "2",
        "SANDBOX:PATH PATH | PATH SANDBOX:PATH",
        "What to copy, and to where; a directory with all that is in it.");
    spec.usageMessage()
        .footer(
            "",
            "Examples:",
            "  viv cp web:/etc/nginx/nginx.conf .",
            "  viv cp ./site web:/usr/share/nginx/html",
            "",
            "Out of a sandbox come plain files and directories: links and devices are left out, and"
                + " said. Of a",
            "finished one there is what it made or changed.");
  }

  private record Inside(String sandbox, String path) {}

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    String[] words = positionals(arguments);
    Optional<Inside> from = inside(words[0]);
    Optional<Inside> to = inside(words[1]);
    if (from.isPresent() == to.isPresent()) {
      throw new CliException(
          CliException.USAGE,
          from.isPresent()
              ? "cp: between two sandboxes: copy to here first"
              : "cp: name a sandbox on one side: SANDBOX:PATH");
    }
    if (from.isPresent()) {
      out(from.get(), Path.of(words[1]), context);
    } else {
      in(Path.of(words[0]), to.orElseThrow(), context);
    }
    return 0;
  }

  /** As Docker tells them apart: what begins with a slash or a dot is of this machine. */
  private static Optional<Inside> inside(String word) throws CliException {
    int colon = word.indexOf(':');
    if (colon <= 0 || word.startsWith("/") || word.startsWith(".")) {
      return Optional.empty();
    }
    String path = word.substring(colon + 1);
    if (!path.startsWith("/")) {
      throw new CliException(
          CliException.USAGE, "cp: a path inside begins with a slash: " + Text.printable(word));
    }
    return Optional.of(new Inside(word.substring(0, colon), normal(path)));
  }

  private static String normal(String path) {
    return Path.of(path).normalize().toString();
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "/" : path.substring(0, slash);
  }

  // ---- out ----

  private static void out(Inside from, Path to, Context context) throws CliException, IOException {
    SandboxState sandbox = Lookup.require(context.sandboxes(), from.sandbox);
    if (name(from.path).isEmpty()) {
      throw new CliException(
          CliException.USAGE, "cp: the whole root is too much; name a directory");
    }
    Path target =
        (Files.isDirectory(to) ? to.resolve(Changes.decoded(GuestText.of(name(from.path)))) : to)
            .toAbsolutePath()
            .normalize();
    Path parent = target.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new CliException(CliException.FAILED, "no such directory: " + parent);
    }
    RecoverCommand.requireApart(target, context.directories(), sandbox);
    Extraction extraction = new Extraction(target);
    if (sandbox.isAlive()) {
      ofRunning(from, sandbox, extraction, context);
    } else {
      List<String> wanted = List.of(from.path.substring(1).split("/"));
      Changes.each(
          context.directories(),
          sandbox,
          (change, content) -> {
            List<String> path = change.path().stream().map(Changes::decoded).toList();
            if (change.kind() == Changes.Kind.WRITTEN
                && path.size() >= wanted.size()
                && path.subList(0, wanted.size()).equals(wanted)) {
              extraction.take(path.subList(wanted.size(), path.size()), change.entry(), content);
            }
          });
    }
    extraction
        .leftOut()
        .forEach(left ->
            context
                .err()
                .println("viv: left out, since it is no plain file: " + Text.printable(left)));
    if (extraction.isEmpty()) {
      throw new CliException(
          CliException.FAILED,
          sandbox.isAlive()
              ? "there is no plain file: " + from.path
              : "it did not make or change this: " + from.path + "; viv diff " + sandbox.name());
    }
  }

  private static void ofRunning(
      Inside from, SandboxState sandbox, Extraction extraction, Context context)
      throws CliException, IOException {
    GuestCommand.Ended[] ended = new GuestCommand.Ended[1];
    IOException[] failure = new IOException[1];
    try (PipedInputStream in = new PipedInputStream(PIPE)) {
      PipedOutputStream pipe = new PipedOutputStream(in);
      Thread reader =
          Thread.ofPlatform()
              .daemon()
              .name("cp")
              .start(() -> {
                try (pipe) {
                  ended[0] =
                      command(
                          context,
                          sandbox,
                          List.of(
                              "tar", "-C", parent(from.path), "-cf", "-", "--", name(from.path)),
                          Optional.empty(),
                          pipe);
                } catch (IOException | CliException e) {
                  failure[0] =
                      e instanceof IOException io ? io : new IOException(e.getMessage(), e);
                }
              });
      try {
        TarReader tar = new TarReader(in, (b, offset, length) -> {});
        for (TarEntry e = tar.next(); e != null; e = tar.next()) {
          List<String> path = new ArrayList<>();
          for (String part : Changes.decoded(e.name()).split("/")) {
            if (part.equals("..")) {
              throw new IOException("a name that cannot be: " + Changes.decoded(e.name()));
            }
            if (!part.isEmpty() && !part.equals(".")) {
              path.add(part);
            }
          }
          if (!path.isEmpty()) {
            extraction.take(path.subList(1, path.size()), e, tar);
          }
          tar.skipContent();
        }
        in.transferTo(OutputStream.nullOutputStream());
      } finally {
        in.close();
        join(reader);
      }
    } catch (IOException e) {
      if (failure[0] == null && (ended[0] == null || ended[0].exitCode() == 0)) {
        throw e;
      }
    }
    if (failure[0] != null) {
      throw failure[0];
    }
    check(ended[0], sandbox);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void check(GuestCommand.Ended ended, SandboxState sandbox) throws CliException {
    if (ended.isMissing()) {
      throw new CliException(
          CliException.FAILED,
          "there is no tar inside: " + sandbox.name() + "; for one file: viv exec NAME cat FILE");
    }
    if (ended.exitCode() != 0) {
      throw new CliException(
          CliException.FAILED,
          "cannot copy: "
              + Text.printable(ended.error().lines().findFirst().orElse("tar failed inside")));
    }
  }

  private static GuestCommand.Ended command(
      Context context,
      SandboxState sandbox,
      List<String> command,
      Optional<GuestCommand.Source> input,
      OutputStream output)
      throws CliException, IOException {
    if (sandbox.status() == SandboxState.Status.PAUSED) {
      throw new CliException(
          CliException.FAILED, "it is paused: " + sandbox.name() + "; viv unpause it first");
    }
    Optional<ControlConnection> found =
        sandbox.isAlive() ? Lookup.connect(context, sandbox) : Optional.empty();
    if (found.isEmpty()) {
      throw new CliException(
          CliException.FAILED, "not running: " + sandbox.name() + "; viv ps lists what runs");
    }
    try (ControlConnection connection = found.get()) {
      SandboxSpec spec = RunDirectory.of(context.directories(), sandbox.id()).readSpec();
      Map<String, String> environment = spec.process().environment();
      return GuestCommand.run(connection, environment, command, input, output);
    }
  }

  // ---- in ----

  private static void in(Path from, Inside to, Context context) throws CliException, IOException {
    if (!Files.exists(from)) {
      throw new CliException(
          CliException.FAILED, "no such file: " + Text.printable(from.toString()));
    }
    SandboxState sandbox = Lookup.require(context.sandboxes(), to.sandbox);
    Path source = from.toRealPath();
    GuestCommand.Ended directory =
        command(
            context,
            sandbox,
            List.of("test", "-d", to.path),
            Optional.empty(),
            OutputStream.nullOutputStream());
    boolean into = directory.exitCode() == 0;
    String name = into ? String.valueOf(source.getFileName()) : name(to.path);
    check(
        command(
            context,
            sandbox,
            List.of("tar", "-C", into ? to.path : parent(to.path), "-xf", "-"),
            Optional.of(out -> write(source, GuestText.of(name), out)),
            OutputStream.nullOutputStream()),
        sandbox);
  }

  private static void write(Path source, String name, OutputStream out) throws IOException {
    LayerTarWriter tar = new LayerTarWriter(out);
    try (Stream<Path> all = Files.walk(source)) {
      for (Path path : (Iterable<Path>) all.sorted()::iterator) {
        String below = GuestText.of(source.relativize(path).toString());
        add(tar, below.isEmpty() ? name : name + "/" + below, path);
      }
    }
    tar.end();
    out.flush();
  }

  private static void add(LayerTarWriter tar, String name, Path path) throws IOException {
    PosixFileAttributes a =
        Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    long seconds = Math.max(0, a.lastModifiedTime().toMillis() / 1000);
    int mode = 0;
    for (PosixFilePermission p : a.permissions()) {
      // The constants go from the owner's reading to others' execution.
      mode |= 0400 >> p.ordinal();
    }
    if (a.isDirectory()) {
      tar.entry(entry(name + "/", TarEntry.TYPE_DIRECTORY, mode, 0, seconds, ""));
    } else if (a.isSymbolicLink()) {
      String target = GuestText.of(Files.readSymbolicLink(path).toString());
      tar.entry(entry(name, TarEntry.TYPE_SYMLINK, 0777, 0, seconds, target));
    } else if (a.isRegularFile()) {
      try (InputStream in = Files.newInputStream(path)) {
        TarEntry header = entry(name, TarEntry.TYPE_FILE, mode, a.size(), seconds, "");
        if (a.size() == 0) {
          tar.entry(header);
        } else {
          tar.entry(header, in);
        }
      }
    }
  }

  private static TarEntry entry(
      String name, char type, int mode, long size, long seconds, String link) {
    return new TarEntry(name, type, mode, 0, 0, size, seconds, 0, link, 0, 0, Map.of());
  }
}
