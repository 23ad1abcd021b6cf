package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.ptrace.PtracePlatform;
import dev.vivarium.sentry.platform.systrap.SystrapPlatform;
import java.util.Optional;
import java.util.function.Consumer;

/** The platforms by name, and which one a sandbox gets that asks for none. */
final class Platforms {
  private static final String SYSTRAP = "systrap";
  private static final String PTRACE = "ptrace";

  private static final int USAGE = 2;

  private Platforms() {}

  /**
   * Starts the platform that was asked for, or else the best that this host can run: systrap, then
   * ptrace.
   *
   * @param log takes why it is not systrap, and what is missing of the walls
   * @throws EngineException if none can be started, with the reason of each
   */
  static Platform open(Optional<String> wanted, int memoryFd, int[] blobFds, Consumer<String> log)
      throws EngineException {
    try {
      return switch (wanted.orElse("")) {
        case SYSTRAP -> new SystrapPlatform(memoryFd, blobFds);
        case PTRACE -> ptrace(memoryFd, blobFds, log);
        case "" -> best(memoryFd, blobFds, log);
        default ->
            throw new EngineException(
                USAGE, "unknown platform: " + wanted.get() + "; use systrap or ptrace");
      };
    } catch (PlatformException e) {
      throw new EngineException(
          SentrySandbox.FAILED, "cannot start the sandbox: " + e.getMessage(), e);
    }
  }

  private static Platform best(int memoryFd, int[] blobFds, Consumer<String> log)
      throws PlatformException {
    PlatformException reason;
    try {
      return new SystrapPlatform(memoryFd, blobFds);
    } catch (PlatformException e) {
      reason = e;
    }
    try {
      Platform ptrace = ptrace(memoryFd, blobFds, log);
      log.accept("the platform is ptrace, which is slow: systrap: " + reason.getMessage());
      return ptrace;
    } catch (PlatformException e) {
      throw new PlatformException(
          e.errno, "systrap: " + reason.getMessage() + "; ptrace: " + e.getMessage());
    }
  }

  private static Platform ptrace(int memoryFd, int[] blobFds, Consumer<String> log)
      throws PlatformException {
    PtracePlatform platform = new PtracePlatform(memoryFd, blobFds);
    if (!platform.missing().isEmpty()) {
      log.accept("missing on this host: " + platform.missing());
    }
    return platform;
  }
}
