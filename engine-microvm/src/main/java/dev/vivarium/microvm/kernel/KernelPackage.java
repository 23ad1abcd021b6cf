package dev.vivarium.microvm.kernel;

import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A kernel's Debian package, read and never installed: {@code vmlinuz} and the few modules that our
 * guests need. {@code dpkg-deb} unpacks it to a stream; no file of it is made but ours.
 */
final class KernelPackage {
  private static final int MAX_FILE = 128 << 20;

  /** A file that says that the modules are those that this version wants. */
  static final String COMPLETE = "modules/with-tun";

  private KernelPackage() {}

  /**
   * Takes out what is needed.
   *
   * @param directory gets {@code vmlinux}, and {@code modules/} with the modules and the lists of
   *     them
   */
  static void extract(Path deb, Path directory) throws IOException, KernelException {
    Map<String, List<String>> dependencies = new HashMap<>();
    boolean[] found = new boolean[1];
    each(
        deb,
        (name, content) -> {
          if (isKernel(name)) {
            try (OutputStream elf =
                new BufferedOutputStream(Files.newOutputStream(directory.resolve("vmlinux")))) {
              BzImage.unpack(content, elf);
            }
            found[0] = true;
          } else if (isModule(name)) {
            dependencies.put(KernelModule.name(name), KernelModule.dependencies(content));
          }
        });
    if (!found[0]) {
      throw new KernelException("there is no /boot/vmlinuz-* in the package: " + deb);
    }
    List<String> early = KernelModule.order(KernelModule.EARLY, dependencies);
    List<String> late = new ArrayList<>(KernelModule.order(KernelModule.LATE, dependencies));
    late.removeAll(early);
    Set<String> wanted = new HashSet<>(early);
    wanted.addAll(late);
    Path modules = Files.createDirectories(directory.resolve("modules"));
    each(
        deb,
        (name, content) -> {
          if (isModule(name) && wanted.contains(KernelModule.name(name))) {
            Files.write(modules.resolve(KernelModule.name(name) + ".ko"), content);
          }
        });
    writeList(modules.resolve("early"), early);
    writeList(modules.resolve("late"), late);
    Files.createFile(directory.resolve(COMPLETE));
  }

  private static void writeList(Path file, List<String> modules) throws IOException {
    StringBuilder list = new StringBuilder();
    modules.forEach(module -> list.append(module).append(".ko\n"));
    Files.writeString(file, list);
  }

  private static boolean isKernel(String name) {
    return name.startsWith("boot/vmlinuz-");
  }

  private static boolean isModule(String name) {
    return name.contains("/modules/") && name.endsWith(".ko");
  }

  private interface FileVisitor {
    void file(String name, byte[] content) throws IOException;
  }

  private static void each(Path deb, FileVisitor visitor) throws IOException, KernelException {
    Process process =
        new ProcessBuilder("dpkg-deb", "--fsys-tarfile", deb.toString())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (InputStream in = process.getInputStream()) {
      TarReader tar = new TarReader(in, (bytes, offset, length) -> {});
      TarEntry entry;
      while ((entry = tar.next()) != null) {
        String name = entry.name();
        while (name.startsWith("./") || name.startsWith("/")) {
          name = name.substring(name.indexOf('/') + 1);
        }
        boolean wanted = entry.size() > 0 && (isKernel(name) || isModule(name));
        if (wanted && entry.size() > MAX_FILE) {
          throw new KernelException("a file of the package is too large: " + name);
        }
        byte[] content = new byte[wanted ? (int) entry.size() : 1 << 16];
        int at = 0;
        int n;
        while ((n = tar.read(content, wanted ? at : 0, content.length - (wanted ? at : 0))) > 0) {
          at += n;
        }
        if (wanted) {
          visitor.file(name, content);
        }
      }
    } finally {
      process.destroy();
    }
  }

  /** The text that a program prints; empty if it fails. */
  static String output(Path directory, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().put("LC_ALL", "C");
    Process process =
        builder
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String text;
    try (InputStream in = process.getInputStream()) {
      text = new String(in.readNBytes(1 << 20), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? text : "";
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
