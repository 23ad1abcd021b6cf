package dev.vivarium.engine.compare;

import com.google.gson.stream.JsonWriter;
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
          out.name("ociVersion").value("1.0.2");
          out.name("process").beginObject();
          out.name("terminal").value(false);
          out.name("noNewPrivileges").value(true);
          out.name("cwd").value("/");
          out.name("user").beginObject();
          out.name("uid").value(0);
          out.name("gid").value(0);
          out.endObject();
          texts(out, "args", command);
          texts(
              out,
              "env",
              List.of(
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                  "LANG=C.UTF-8",
                  "HOME=/root"));
          out.endObject();
          out.name("root").beginObject();
          out.name("path").value("rootfs");
          out.name("readonly").value(true);
          out.endObject();
          out.name("mounts").beginArray();
          for (Mount mount : mounts) {
            out.beginObject();
            out.name("destination").value(mount.at);
            out.name("type").value(mount.type);
            out.name("source").value(mount.source);
            texts(out, "options", mount.options);
            out.endObject();
          }
          out.endArray();
          out.name("linux").beginObject();
          out.name("namespaces").beginArray();
          for (String type : List.of("pid", "mount", "ipc", "uts", "network")) {
            out.beginObject();
            out.name("type").value(type);
            out.endObject();
          }
          out.endArray();
          out.endObject();
        });
    Files.write(directory.resolve("config.json"), config);
  }

  private static void texts(JsonWriter out, String name, List<String> texts) throws IOException {
    out.name(name).beginArray();
    for (String text : texts) {
      out.value(text);
    }
    out.endArray();
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
