package dev.vivarium.microvm.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * What tells one kernel from another, and a whole one from a damaged one: the digest of each file,
 * written beside it when it is made.
 */
public final class KernelDigest {
  private KernelDigest() {}

  /** Writes a file's digest beside it. */
  static void record(Path file) throws IOException {
    Path part = Files.createTempFile(file.getParent(), ".digest", ".part");
    try {
      Files.writeString(part, of(file) + " " + looks(file) + "\n");
      Files.move(part, beside(file), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /**
   * A text that is another one for another kernel or initramfs; cheap: the digests as they were
   * written down, and what shows that a file was changed since.
   */
  public static String key(GuestKernel kernel) throws IOException {
    StringBuilder key = new StringBuilder();
    for (Path file : List.of(kernel.image(), kernel.initramfs())) {
      key.append(recorded(file).orElse("?"))
          .append(' ')
          .append(Files.size(file))
          .append(' ')
          .append(Files.getLastModifiedTime(file))
          .append('\n');
    }
    return key.toString();
  }

  /**
   * The file of a kernel that is not what it was when it was made.
   *
   * @param thoroughly whether all of both is read; otherwise only what looks changed
   */
  public static Optional<Path> damaged(GuestKernel kernel, boolean thoroughly) throws IOException {
    for (Path file : List.of(kernel.image(), kernel.initramfs())) {
      Optional<String> recorded = recorded(file);
      if (recorded.isEmpty()) {
        continue;
      }
      if (!Files.exists(file)) {
        return Optional.of(file);
      }
      String[] words = recorded.get().split(" ", 2);
      boolean same = !thoroughly && words.length == 2 && words[1].equals(looks(file));
      if (!same && !words[0].equals(of(file))) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** What is seen of a file without reading it. */
  private static String looks(Path file) throws IOException {
    return Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
  }

  /** Where a file's digest is. */
  static Path beside(Path file) {
    return file.resolveSibling(file.getFileName() + ".sha256");
  }

  private static Optional<String> recorded(Path file) throws IOException {
    try {
      return Optional.of(Files.readString(beside(file)).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  static String of(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      int n;
      while ((n = in.read(buffer)) > 0) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
