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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A kernel's Debian package, read and never installed: {@code vmlinuz} and the few modules that our
 * guests need. {@code dpkg-deb} unpacks it to a stream; no file of it is made but ours. It may be
 * anybody's: what it has is bounded, and names of modules are words.
 */
final class KernelPackage {
  private static final int MAX_FILE = 128 << 20;
  private static final Pattern KERNEL = Pattern.compile("boot/vmlinuz-[^/]+");
  private static final Pattern MODULE =
      Pattern.compile(".*/modules/.*/[A-Za-z0-9_-]+\\.ko(\\.xz|\\.zst)?");

  /** A file that says that the modules are those that this version wants. */
  static final String COMPLETE = "modules/with-virtiofs";

  /** The same of the version before, which may use the store as well. */
  private static final String BEFORE = "modules/with-scratch";

  private KernelPackage() {}

  /**
   * Takes out what is needed.
   *
   * @param directory gets {@code vmlinux}, and {@code modules/} with the modules and the lists of
   *     them
   */
  static void extract(Path deb, Path directory) throws IOException, KernelException {
    Map<String, List<String>> dependencies = new HashMap<>();
    Path packed = Files.createDirectory(directory.resolve("packed"));
    boolean[] found = new boolean[1];
    each(
        deb,
        (name, content) -> {
          if (KERNEL.matcher(name).matches()) {
            try (OutputStream elf =
                new BufferedOutputStream(Files.newOutputStream(directory.resolve("vmlinux")))) {
              BzImage.unpack(content, elf);
            }
            found[0] = true;
          } else if (name.endsWith(".ko")) {
            dependencies.put(KernelModule.name(name), KernelModule.dependencies(content));
          } else {
            // Unpacked only if it is wanted.
            Files.write(packed.resolve(KernelModule.file(name)), content);
          }
        });
    if (!found[0]) {
      throw new KernelException("there is no /boot/vmlinuz-* in the package: " + deb);
    }
    Path modules = Files.createDirectories(directory.resolve("modules"));
    PackedModules.unpack(packed, modules, dependencies);
    Set<String> wanted = KernelModule.write(dependencies, modules);
    each(
        deb,
        (name, content) -> {
          if (name.endsWith(".ko") && wanted.contains(KernelModule.name(name))) {
            Files.write(modules.resolve(KernelModule.name(name) + ".ko"), content);
          }
        });
    complete(directory);
  }

  /** Everything is there. */
  static void complete(Path directory) throws IOException {
    Files.createFile(directory.resolve(BEFORE));
    Files.createFile(directory.resolve(COMPLETE));
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
        boolean wanted =
            entry.size() > 0 && (KERNEL.matcher(name).matches() || MODULE.matcher(name).matches());
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
      if (process.waitFor() != 0) {
        throw new KernelException("the package is damaged: " + deb);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a kernel was unpacked", e);
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
