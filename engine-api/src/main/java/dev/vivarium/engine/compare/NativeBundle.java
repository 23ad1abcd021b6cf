package dev.vivarium.engine.compare;

import dev.vivarium.engine.state.Json;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * This machine's own root as a container for runc or crun, with the same private directories as the
 * image {@code host}: what a command costs without our kernel. It is not a boundary for what one
 * does not trust.
 */
final class NativeBundle implements Closeable {
  private static final Set<String> PRIVATE =
      Set.of("tmp", "home", "root", "run", "proc", "sys", "dev", "mnt", "media", "lost+found");

  private final Path directory;

  private NativeBundle(Path directory) {
    this.directory = directory;
  }

  /** The program that runs containers here, if there is one that this user can use. */
  static Optional<String> runtime() {
    return Stream.of("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
        .flatMap(d -> Stream.of(d + "/runc", d + "/crun"))
        .filter(p -> Files.isExecutable(Path.of(p)))
        .min(Comparator.comparing(p -> p.endsWith("crun")));
  }

  /** Writes one for a command. */
  static NativeBundle create(List<String> command) throws IOException {
    NativeBundle bundle = new NativeBundle(Files.createTempDirectory("vivarium-compare-"));
    try {
      bundle.write(command);
      return bundle;
    } catch (IOException e) {
      bundle.close();
      throw e;
    }
  }

  Path path() {
    return directory;
  }

  private record Mount(String at, String type, String source, List<String> options) {}

  private void write(List<String> command) throws IOException {
    Path rootfs = Files.createDirectory(directory.resolve("rootfs"));
    List<Mount> mounts = new ArrayList<>();
    try (DirectoryStream<Path> root = Files.newDirectoryStream(Path.of("/"))) {
      for (Path one : root) {
        String name = String.valueOf(one.getFileName());
        if (PRIVATE.contains(name)) {
          continue;
        }
        if (Files.isSymbolicLink(one)) {
          Files.createSymbolicLink(rootfs.resolve(name), Files.readSymbolicLink(one));
        } else if (Files.isDirectory(one, LinkOption.NOFOLLOW_LINKS)) {
          mounts.add(new Mount("/" + name, "none", "/" + name, List.of("rbind", "ro")));
        }
      }
    }
    mounts.add(new Mount("/proc", "proc", "proc", List.of()));
    for (String at : List.of("/tmp", "/var/tmp", "/home", "/root", "/run", "/dev")) {
      mounts.add(new Mount(at, "tmpfs", "tmpfs", List.of()));
    }
    mounts.add(new Mount("/dev/pts", "devpts", "devpts", List.of()));
    byte[] config =
        Json.write(out -> {
          out.writeStringProperty("ociVersion", "1.0.2");
          out.writeObjectPropertyStart("process");
          out.writeBooleanProperty("terminal", false);
          out.writeBooleanProperty("noNewPrivileges", true);
          out.writeStringProperty("cwd", "/");
          out.writeObjectPropertyStart("user");
          out.writeNumberProperty("uid", 0);
          out.writeNumberProperty("gid", 0);
          out.writeEndObject();
          texts(out, "args", command);
          texts(
              out,
              "env",
              List.of(
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                  "LANG=C.UTF-8",
                  "HOME=/root"));
          out.writeEndObject();
          out.writeObjectPropertyStart("root");
          out.writeStringProperty("path", "rootfs");
          out.writeBooleanProperty("readonly", true);
          out.writeEndObject();
          out.writeArrayPropertyStart("mounts");
          for (Mount mount : mounts) {
            out.writeStartObject();
            out.writeStringProperty("destination", mount.at);
            out.writeStringProperty("type", mount.type);
            out.writeStringProperty("source", mount.source);
            texts(out, "options", mount.options);
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeObjectPropertyStart("linux");
          out.writeArrayPropertyStart("namespaces");
          for (String type : List.of("pid", "mount", "ipc", "uts", "network")) {
            out.writeStartObject();
            out.writeStringProperty("type", type);
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
    Files.write(directory.resolve("config.json"), config);
  }

  private static void texts(tools.jackson.core.JsonGenerator out, String name, List<String> texts) {
    out.writeArrayPropertyStart(name);
    texts.forEach(out::writeString);
    out.writeEndArray();
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
        Files.deleteIfExists(path);
      }
    }
  }
}
