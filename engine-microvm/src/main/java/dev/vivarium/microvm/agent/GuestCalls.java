package dev.vivarium.microvm.agent;

import dev.vivarium.engine.watch.Payload;

/** Who is told of single system calls. The guest says what they are: untrusted. */
public interface GuestCalls {
  /** More than a guest can lose between two frames is not believed. */
  int MOST_LOST = 1 << 24;

  /**
   * Some calls come.
   *
   * @param nowNanos what the guest's clock says, by which they have their times
   * @param lost how many there were, since the last time, of which nothing is known
   */
  void some(long nowNanos, int lost);

  /**
   * One of them.
   *
   * @param beginNanos when it began, on the guest's clock
   * @param returned false if it will not return
   * @param payload the path that it was about, if that is known; the callee's until it returns
   */
  void call(
      long beginNanos,
      long durationNanos,
      int pid,
      int tid,
      int number,
      long[] arguments,
      boolean returned,
      long result,
      Payload payload);
}
