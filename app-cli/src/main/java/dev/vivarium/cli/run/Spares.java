package dev.vivarium.cli.run;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.SandboxLauncher;
import dev.vivarium.engine.client.SandboxLauncher.Streams;
import dev.vivarium.engine.client.WarmSpare;
import dev.vivarium.engine.state.Directories;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The spare process of a client that stays, such as the prompt: after its first sandbox there is
 * always one ready whose streams are connected as those of the last were. For one thread.
 */
public final class Spares implements AutoCloseable {
  private static final String ENGINE = "sentry";

  private final boolean kept;
  private @Nullable WarmSpare spare;
  private @Nullable Streams streams;
  private @Nullable Directories directories;

  private Spares(boolean kept) {
    this.kept = kept;
  }

  /** For a client that runs one command: there are none. */
  public static Spares none() {
    return new Spares(false);
  }

  /**
   * For one that stays: none until the first {@link #take}, then one after each {@link #refill}.
   */
  public static Spares kept() {
    return new Spares(true);
  }

  /** The spare, if there is one with such streams, and a note of what the next should be. */
  Optional<WarmSpare.Taken> take(Streams wanted, Directories where) throws EngineException {
    if (!kept) {
      return Optional.empty();
    }
    WarmSpare ready = spare;
    Streams had = streams;
    spare = null;
    streams = wanted;
    directories = where;
    if (ready == null) {
      return Optional.empty();
    }
    try (ready) {
      return had == wanted ? Optional.of(ready.take()) : Optional.empty();
    }
  }

  /** Makes one in the background, if sandboxes are started here at all. */
  public void refill() {
    if (spare != null || streams == null || directories == null) {
      return;
    }
    try {
      spare = new WarmSpare(SandboxLauncher.installed(), directories, streams, ENGINE);
      spare.refill();
    } catch (EngineException e) {
      // Whoever starts a sandbox next is told why it cannot be.
    }
  }

  /** Ends it. */
  @Override
  public void close() {
    if (spare != null) {
      spare.close();
      spare = null;
    }
  }
}
