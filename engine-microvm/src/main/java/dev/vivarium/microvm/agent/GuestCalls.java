package dev.vivarium.microvm.agent;

import dev.vivarium.engine.watch.Event;
import java.util.List;

/**
 * Who is told of single system calls, and of the lives of processes. The guest says what they are:
 * untrusted. Processes have the numbers that they have inside.
 */
public interface GuestCalls {
  /** More than a guest can lose between two frames is not believed. */
  int MOST_LOST = 1 << 24;

  /**
   * Some events come.
   *
   * @param nowNanos what the guest's clock says, by which they have their times
   * @param lost how many there were, since the last time, of which nothing is known
   */
  void some(long nowNanos, int lost);

  /**
   * A call.
   *
   * @param beginNanos when it began, on the guest's clock
   * @param returned false if it will not return
   * @param items texts and bytes of its arguments, as far as they are known
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
      List<Event.Item> items);

  /**
   * A new process, or a new thread of one.
   *
   * @param makerPid 0 if that was the agent
   */
  void started(long atNanos, int makerPid, int makerTid, int pid, int tid);

  /**
   * A process has a new program.
   *
   * @param items its path, and its arguments
   */
  void program(long atNanos, int pid, int tid, int user, List<Event.Item> items);

  /** A process is over. */
  void ended(long atNanos, int pid, int waitStatus);
}
