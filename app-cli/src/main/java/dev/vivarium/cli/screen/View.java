package dev.vivarium.cli.screen;

import dev.vivarium.cli.CliException;
import dev.vivarium.engine.EngineException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What a screen shows. All calls come from one thread. */
public interface View extends AutoCloseable {
  /** Looks again at what it shows. Called once a second, or as often as {@link #periodMillis}. */
  void update() throws CliException, EngineException, IOException, InterruptedException;

  /** How long to wait between two looks. */
  default int periodMillis() {
    return 1000;
  }

  /**
   * What to show, from above to below. What does not fit is cut off.
   *
   * @param rows how many there are
   * @param columns how wide they are
   */
  List<Line> draw(int rows, int columns);

  /** Its keys and what they do, in a line. */
  String help();

  /** A key was pressed, and not one that every screen has. */
  void pressed(Key key);

  /** Whether keys type text now, so that none of them means anything else. */
  default boolean isTyping() {
    return false;
  }

  /** Whether there is no more to see. */
  default boolean isOver() {
    return false;
  }

  /** A view to show in its place until that is left; asked for after each key. */
  default Optional<View> next()
      throws CliException, EngineException, IOException, InterruptedException {
    return Optional.empty();
  }

  @Override
  void close();
}
