package dev.vivarium.engine.state;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

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
