package dev.vivarium.engine.watch;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The engine's end of watching: what makes events and counts. Methods are called from any thread.
 */
public interface Instrument {
  /**
   * Says what is wanted from now on. The engine follows soon; before the first instruction of the
   * guest, if it is told before that.
   *
   * @param events where events go; null for nowhere
   * @param counting whether calls are counted and timed
   */
  void watch(@Nullable EventWriter events, boolean counting);

  /**
   * Says whether what somebody wants to see can be seen here.
   *
   * @throws IOException with the reason if not
   */
  default void check(Wants wants) throws IOException {}

  /** Says, before {@link #watch}, whether calls that wait are to be told of when they begin to. */
  default void watchWaits(boolean wanted) {}

  /**
   * Says where packets of the sandbox's network go from now on; null for nowhere. An engine that
   * has no network of its own tells of none.
   */
  default void watchPackets(@Nullable EventWriter packets) {}

  /**
   * What there is now: what the sandbox uses, and what has been counted since counting began.
   *
   * @throws IOException if the engine cannot tell any more
   */
  Statistics statistics() throws IOException, InterruptedException;
}
