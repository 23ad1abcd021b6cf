package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Event;
import java.io.Closeable;
import java.io.IOException;

/** Takes events in the order in which they were written into the ring. */
public interface EventOutput extends Closeable {
  /** One event. */
  void accept(Event event) throws IOException;

  /** So many events before the next one were lost. */
  void dropped(long count) throws IOException;

  /** Brings what was accepted to where it goes, as far as it is whole. */
  void flush() throws IOException;

  /** Writes what ends the output, if it has an end. */
  @Override
  void close() throws IOException;
}
