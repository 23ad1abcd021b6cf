package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.engine.watch.Wants;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** A look at one living sandbox, for commands. */
final class Look implements Closeable {
  private final dev.vivarium.engine.client.Look look;

  private Look(dev.vivarium.engine.client.Look look) {
    this.look = look;
  }

  /** Connects to a sandbox that runs. */
  static Look at(Context context, SandboxState sandbox) throws CliException {
    try {
      return new Look(dev.vivarium.engine.client.Look.at(context.directories(), sandbox));
    } catch (EngineException e) {
      throw failed(e);
    }
  }

  private static CliException failed(EngineException e) {
    return new CliException(e.exitCode(), String.valueOf(e.getMessage()), e);
  }

  /** Begins. */
  void begin(boolean events, boolean counts)
      throws CliException, IOException, InterruptedException {
    begin(new Wants(events, counts, false, false));
  }

  /** Begins. */
  void begin(Wants wants) throws CliException, IOException, InterruptedException {
    try {
      look.begin(wants);
    } catch (EngineException e) {
      throw failed(e);
    }
  }

  /** The figures of this moment; those of its end if it has ended; empty if it told none. */
  Optional<Statistics> statistics() throws CliException, InterruptedException {
    try {
      return look.statistics();
    } catch (EngineException e) {
      throw failed(e);
    }
  }

  /** The last figures that came. */
  Optional<Statistics> lastStatistics() {
    return look.lastStatistics();
  }

  boolean hasEnded() {
    return look.hasEnded();
  }

  @Override
  public void close() {
    look.close();
  }
}
