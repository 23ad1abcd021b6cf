package dev.vivarium.microvm.kernel;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Modules as distributions pack them: {@code .ko.xz} and {@code .ko.zst}. */
final class PackedModules {
  private static final int MAX_MODULE = 64 << 20;

  private PackedModules() {}

  /**
   * Unpacks those that are wanted, and those that they need.
   *
   * @param packed all of them, each in a file; gone afterwards
   * @param dependencies gets what each needs
   */
  static void unpack(Path packed, Path modules, Map<String, List<String>> dependencies)
      throws IOException {
    Map<String, Path> files = new HashMap<>();
    try (Stream<Path> all = Files.list(packed)) {
      all.forEach(file -> files.put(KernelModule.name(file.toString()), file));
    }
    take(files, modules, dependencies);
    for (Path file : files.values()) {
      Files.deleteIfExists(file);
    }
    Files.deleteIfExists(packed);
  }

  static byte[] unpacked(Path file) throws IOException {
    if (Files.size(file) > MAX_MODULE) {
      throw new IOException("a module is too large: " + file.getFileName());
    }
    byte[] module;
    if (file.toString().endsWith(".ko")) {
      module = Files.readAllBytes(file);
    } else if (file.toString().endsWith(".zst")) {
      try (InputStream in = new ZstdInputStream(Files.newInputStream(file))) {
        module = in.readNBytes(MAX_MODULE + 1);
      }
    } else {
      module = xz(file);
    }
    if (module.length > MAX_MODULE) {
      throw new IOException("a module is too large: " + file.getFileName());
    }
    return module;
  }

  private static byte[] xz(Path file) throws IOException {
    Process process;
    try {
      process =
          new ProcessBuilder("xz", "--decompress", "--stdout")
              .redirectInput(file.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new IOException("its modules are packed with xz; sudo apt-get install xz-utils", e);
    }
    try (InputStream in = process.getInputStream()) {
      byte[] module = in.readNBytes(MAX_MODULE + 1);
      if (module.length <= MAX_MODULE && process.waitFor() != 0) {
        throw new IOException("a module is damaged: " + file.getFileName());
      }
      return module;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a kernel was unpacked", e);
    } finally {
      process.destroy();
    }
  }

  /** Those of a kernel that is installed here, with all that they need, packed or not. */
  static void collect(Path installed, Path modules) throws IOException {
    Map<String, Path> files = new HashMap<>();
    // A kernel that is not installed here has none.
    try (Stream<Path> all = Files.isDirectory(installed) ? Files.walk(installed) : Stream.of()) {
      all.filter(file -> file.toString().matches(".*\\.ko(\\.xz|\\.zst)?"))
          .forEach(file -> files.put(KernelModule.name(file.toString()), file));
    }
    Map<String, List<String>> dependencies = new HashMap<>();
    take(files, modules, dependencies);
    KernelModule.write(dependencies, modules);
  }

  /** Puts those that are wanted, and those that they need, into a directory. */
  private static void take(
      Map<String, Path> files, Path modules, Map<String, List<String>> dependencies)
      throws IOException {
    Deque<String> wanted = new ArrayDeque<>();
    KernelModule.LISTS.values().forEach(wanted::addAll);
    for (String name = wanted.poll(); name != null; name = wanted.poll()) {
      Path file = files.get(name);
      if (file == null || dependencies.containsKey(name)) {
        continue;
      }
      byte[] module = unpacked(file);
      List<String> needed = KernelModule.dependencies(module);
      dependencies.put(name, needed);
      wanted.addAll(needed);
      Files.write(modules.resolve(name + ".ko"), module);
    }
  }
}
