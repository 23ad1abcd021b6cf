package dev.vivarium.sentry.net;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Who waits at a listener: the connections that accept(2) has not taken yet, as many as listen(2)
 * asked for, and behind them those who have no place yet.
 */
final class Backlog {
  static final int MAX = 4096;

  private final ArrayDeque<LocalSocket> connections = new ArrayDeque<>(0);
  private final ArrayDeque<Joining> joining = new ArrayDeque<>(0);
  private int limit;

  /**
   * Sets how many may wait.
   *
   * @param wanted negative for as many as there may be
   */
  void limit(int wanted) {
    limit = wanted < 0 ? MAX : Math.min(wanted, MAX);
  }

  int limit() {
    return limit;
  }

  /** As Linux counts: one more than was asked for. */
  boolean isFull() {
    return connections.size() > limit;
  }

  int size() {
    return connections.size();
  }

  /** A connection was made; this is the listener's side of it. */
  void add(LocalSocket server) {
    connections.addLast(server);
  }

  /** The one that has waited longest, for accept(2). */
  @Nullable LocalSocket poll() {
    return connections.pollFirst();
  }

  void add(Joining j) {
    joining.addLast(j);
  }

  void remove(Joining j) {
    joining.remove(j);
  }

  /** Who is to have the next place. */
  @Nullable Joining pollJoining() {
    return joining.pollFirst();
  }
}
