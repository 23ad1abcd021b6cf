package dev.vivarium.microvm.kernel;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A kernel that the user names: an ELF file, a bzImage, or a Debian package that has one with its
 * modules. Of the first two the modules are those that are installed on this machine for the same
 * release; without any, what our guests need must be built in, or the agent says what is missing.
 */
final class GivenKernel {
  private static final long MAX_FILE = 1L << 30;
  private static final int MAX_BZIMAGE = 128 << 20;
  private static final byte[] PACKAGE = "!<arch>\n".getBytes(StandardCharsets.US_ASCII);
  private static final int BOOT_MAGIC = 0x202;

  private GivenKernel() {}

  /**
   * Puts it into a directory: {@code vmlinux}, {@code modules/} and their lists.
   *
   * @param installed where modules of kernels are installed: /lib/modules
   * @throws KernelException with a line for the user
   */
  static void unpack(Path file, Path directory, Path installed) throws KernelException {
    try {
      if (Files.size(file) > MAX_FILE) {
        throw new IOException("larger than any kernel");
      }
      byte[] head = head(file);
      if (Arrays.equals(Arrays.copyOf(head, PACKAGE.length), PACKAGE)) {
        KernelPackage.extract(file, directory);
        ElfKernel.read(directory.resolve("vmlinux"));
        return;
      }
      Path image = directory.resolve("vmlinux");
      if (ElfKernel.isElf(head)) {
        Files.copy(file, image);
      } else if (head.length > BOOT_MAGIC + 4
          && new String(head, BOOT_MAGIC, 4, StandardCharsets.US_ASCII).equals("HdrS")) {
        if (Files.size(file) > MAX_BZIMAGE) {
          throw new IOException("larger than any bzImage");
        }
        try (OutputStream elf = new BufferedOutputStream(Files.newOutputStream(image))) {
          BzImage.unpack(Files.readAllBytes(file), elf);
        }
      } else {
        throw new IOException("neither an ELF file, a bzImage nor a Debian package");
      }
      ElfKernel kernel = ElfKernel.read(image);
      if (!kernel.hasPvhEntry()) {
        throw new IOException("no PVH entry; build it with CONFIG_PVH=y");
      }
      Path modules = Files.createDirectories(directory.resolve("modules"));
      String release = kernel.release();
      Path of = installed.resolve(release.matches("[A-Za-z0-9._+~-]+") ? release : "none");
      PackedModules.collect(of.resolve("kernel"), modules);
      KernelPackage.complete(directory);
    } catch (KernelException e) {
      throw new KernelException("--kernel: " + e.getMessage(), e);
    } catch (FileSystemException e) {
      throw new KernelException("--kernel: cannot keep it: " + e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      throw new KernelException(
          "--kernel: cannot use it: "
              + file
              + ": "
              + (e instanceof IOException ? e.getMessage() : "it is damaged"),
          e);
    }
  }

  private static byte[] head(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(4096);
    }
  }
}
