package dev.vivarium.engine.state;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The run directory of one living sandbox: {@code control.sock}, {@code spec.json}, {@code
 * state.json}, {@code log}, {@code lock}.
 */
public final class RunDirectory extends Entry {
  RunDirectory(Path parent, String id) {
    super(parent, id);
  }

  /** Of this sandbox, whether it is there or not. */
  public static RunDirectory of(Directories directories, String id) {
    return new RunDirectory(directories.run(), id);
  }

  /** Makes it, 0700. The client and the sandbox's process both do, whoever comes first. */
  public RunDirectory create() throws IOException {
    Directories.createOwnerOnly(path());
    return this;
  }

  public Path controlSocket() {
    return path().resolve("control.sock");
  }

  /** The file that is locked as long as the sandbox's process lives. */
  Path lock() {
    return path().resolve("lock");
  }

  /**
   * The process that holds the lock, as the host's kernel says.
   *
   * @return empty if there is none, or it cannot be told
   */
  public OptionalLong lockHolder() throws IOException {
    Path lock = path().resolve("lock");
    long device = ((Number) Files.getAttribute(lock, "unix:dev")).longValue();
    String place =
        "%02x:%02x:%d"
            .formatted(
                device >> 8 & 0xfff | device >> 32 & ~0xfffL,
                device & 0xff | device >> 12 & 0xfff00,
                (Long) Files.getAttribute(lock, "unix:ino"));
    // 1: POSIX  ADVISORY  WRITE 1234 00:2b:5678 0 EOF
    try (Stream<String> locks = Files.lines(Path.of("/proc/locks"))) {
      return locks
          .map(line -> line.strip().split("\\s+"))
          .filter(words -> words.length >= 6 && words[5].equals(place) && words[1].equals("POSIX"))
          .filter(words -> words[4].matches("[1-9][0-9]*"))
          .mapToLong(words -> Long.parseLong(words[4]))
          .findFirst();
    }
  }

  /**
   * Takes the lock that says "this sandbox's process lives".
   *
   * @return empty if another process holds it; otherwise what keeps it until closed
   */
  public Optional<Closeable> tryLock() throws IOException {
    FileChannel channel =
        FileChannel.open(lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return Optional.of(channel);
      }
    } catch (OverlappingFileLockException e) {
      // Held by this very process.
    }
    channel.close();
    return Optional.empty();
  }
}
