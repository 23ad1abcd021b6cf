package dev.vivarium.microvm;

import dev.vivarium.engine.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * The disk for what a guest writes: a file with holes beside the images, since a run directory may
 * be memory. It has a name only until the monitor has opened it, so nothing can leave it behind but
 * a crash within these seconds, after which the next one removes it.
 */
final class ScratchDisk {
  private static final int FAILED = 125;
  private static final int MAX_COMPLAINT = 4096;
  private static final Duration STALE = Duration.ofMinutes(10);

  private final Path directory;

  /**
   * Makes none yet.
   *
   * @param directory for the files
   */
  ScratchDisk(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes one, with an empty file system.
   *
   * @param id of the sandbox
   * @return its file, which the caller removes when the monitor has it open
   */
  Path make(String id, long bytes) throws EngineException, IOException, InterruptedException {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    clear();
    Path file = directory.resolve(id + ".img");
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
        disk.setLength(bytes);
      } catch (IOException e) {
        throw new EngineException(
            FAILED,
            "--disk: "
                + directory
                + " can hold no file of "
                + (bytes >> 20)
                + " MiB: "
                + e.getMessage(),
            e);
      }
      format(file);
      return file;
    } catch (EngineException | IOException | InterruptedException | RuntimeException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  /** Nobody needs a journal of what is gone after the run, nor blocks kept for root. */
  private static void format(Path file) throws EngineException, IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(
                  List.of(
                      program(),
                      "-q",
                      "-F",
                      "-t",
                      "ext4",
                      "-b",
                      "4096",
                      "-m",
                      "0",
                      "-O",
                      "^has_journal,^resize_inode",
                      "-E",
                      "lazy_itable_init=1,nodiscard,root_owner=0:0",
                      file.toString()))
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new EngineException(
          FAILED, "--disk: there is no mke2fs here; sudo apt-get install e2fsprogs", e);
    }
    String complaint;
    try (InputStream in = process.getErrorStream()) {
      complaint = new String(in.readNBytes(MAX_COMPLAINT), StandardCharsets.UTF_8).strip();
    }
    if (process.waitFor() != 0) {
      throw new EngineException(
          FAILED, "--disk: cannot format it: " + complaint.lines().findFirst().orElse("mke2fs"));
    }
  }

  /** Where the path of users does not lead. */
  private static String program() {
    for (String place : List.of("/usr/sbin/mke2fs", "/sbin/mke2fs")) {
      if (Files.isExecutable(Path.of(place))) {
        return place;
      }
    }
    return "mke2fs";
  }

  private void clear() throws IOException {
    Instant old = Instant.now().minus(STALE);
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files = all.toList();
    }
    for (Path file : files) {
      if (Files.exists(file) && Files.getLastModifiedTime(file).toInstant().isBefore(old)) {
        Files.deleteIfExists(file);
      }
    }
  }
}
