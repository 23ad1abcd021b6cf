package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.systrap.SystrapPlatform;
import java.lang.foreign.MemorySegment;

/**
 * What every sandbox needs of the host whatever it runs: memory for the guest, and the stubs'
 * world.
 *
 * @param memory all of the memory file, mapped for the life of this process
 */
record HostSide(int memoryFd, MemorySegment memory, SystrapPlatform platform)
    implements AutoCloseable {
  /**
   * The size of the memory file. It is sparse, so this bounds addresses and not memory; the
   * sandbox's limit is enforced on what is really used.
   */
  private static final long MEMORY_FILE_SIZE = 1L << 38;

  /**
   * Makes it.
   *
   * @param blobFds the image's layers; stay the caller's
   */
  static HostSide open(int[] blobFds) throws EngineException {
    int memoryFd = HostMemory.createFile("guest-memory", MEMORY_FILE_SIZE);
    MemorySegment memory = HostMemory.map(memoryFd, MEMORY_FILE_SIZE);
    try {
      return new HostSide(memoryFd, memory, new SystrapPlatform(memoryFd, blobFds));
    } catch (PlatformException e) {
      throw new EngineException(
          SentrySandbox.FAILED, "cannot start the sandbox: " + e.getMessage(), e);
    }
  }

  /** Only of one that no sandbox used. */
  @Override
  public void close() {
    platform.close();
    Libc.close(memoryFd);
  }
}
