package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.platform.Platform;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What every sandbox needs of the host whatever it runs: memory for the guest, and the stubs'
 * world.
 *
 * @param memory all of the memory file, mapped for the life of this process
 * @param notes for the sandbox's log: why the platform is not the best one, what is missing of the
 *     walls
 */
record HostSide(int memoryFd, MemorySegment memory, Platform platform, List<String> notes)
    implements AutoCloseable {
  /**
   * The size of the memory file. It is sparse, so this bounds addresses and not memory; the
   * sandbox's limit is enforced on what is really used.
   */
  private static final long MEMORY_FILE_SIZE = 1L << 38;

  /**
   * Makes it.
   *
   * @param wanted the platform, or empty for the best that this host can run
   * @param blobFds the image's layers; stay the caller's
   */
  static HostSide open(Optional<String> wanted, int[] blobFds) throws EngineException {
    int memoryFd = HostMemory.createFile("guest-memory", MEMORY_FILE_SIZE);
    MemorySegment memory = HostMemory.map(memoryFd, MEMORY_FILE_SIZE);
    List<String> notes = new ArrayList<>();
    Platform platform = Platforms.open(wanted, memoryFd, blobFds, notes::add);
    return new HostSide(memoryFd, memory, platform, notes);
  }

  /** Only of one that no sandbox used. */
  @Override
  public void close() {
    platform.close();
    Libc.close(memoryFd);
  }
}
